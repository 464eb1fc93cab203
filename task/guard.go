package task

import (
	"errors"
	"slices"
	"text/template/parse"
)

// guard makes every value that is written, and every condition, pass through a
// function of ours, and every round of a loop write something, if only nothing,
// so that rounds are counted.
func guard(tree *parse.Tree, node parse.Node, depth int) error {
	if depth > maxDepth {
		return errors.New("the template is nested too deeply")
	}
	switch n := node.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, child := range n.Nodes {
			if err := guard(tree, child, depth+1); err != nil {
				return err
			}
		}
	case *parse.ActionNode:
		guardPipe(tree, n.Pipe)
		if len(n.Pipe.Decl) == 0 {
			n.Pipe.Cmds = append(n.Pipe.Cmds, call(tree, "_show", n.Pos))
		}
	case *parse.IfNode:
		return guardBranch(tree, &n.BranchNode, depth)
	case *parse.WithNode:
		return guardBranch(tree, &n.BranchNode, depth)
	case *parse.RangeNode:
		guardPipe(tree, n.Pipe)
		n.List.Nodes = slices.Insert(n.List.Nodes, 0, parse.Node(&parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos}))
		return errors.Join(guard(tree, n.List, depth+1), guard(tree, n.ElseList, depth+1))
	case *parse.TemplateNode:
		return errors.New("a template must not call others")
	}
	return nil
}

func guardBranch(tree *parse.Tree, n *parse.BranchNode, depth int) error {
	guardPipe(tree, n.Pipe)
	n.Pipe.Cmds = append(n.Pipe.Cmds, call(tree, "_truth", n.Pos))
	return errors.Join(guard(tree, n.List, depth+1), guard(tree, n.ElseList, depth+1))
}

// guardPipe makes what and and or look at pass through a function of ours. They
// are the only ones that cannot be replaced, since they stop early.
func guardPipe(tree *parse.Tree, pipe *parse.PipeNode) {
	var commands []*parse.CommandNode
	for i, command := range pipe.Cmds {
		name, _ := command.Args[0].(*parse.IdentifierNode)
		logic := name != nil && (name.Ident == "and" || name.Ident == "or")
		for j, arg := range command.Args {
			guardArg(tree, arg)
			if logic && j > 0 {
				command.Args[j] = &parse.PipeNode{NodeType: parse.NodePipe, Pos: arg.Position(), Cmds: []*parse.CommandNode{
					{NodeType: parse.NodeCommand, Pos: arg.Position(), Args: []parse.Node{arg}}, call(tree, "_truth", arg.Position()),
				}}
			}
		}
		if logic && i > 0 {
			commands = append(commands, call(tree, "_truth", command.Pos))
		}
		commands = append(commands, command)
	}
	pipe.Cmds = commands
}

// guardArg looks for pipes in parentheses.
func guardArg(tree *parse.Tree, arg parse.Node) {
	switch n := arg.(type) {
	case *parse.PipeNode:
		guardPipe(tree, n)
	case *parse.ChainNode:
		guardArg(tree, n.Node)
	}
}

// call is a function in a pipe.
func call(tree *parse.Tree, function string, at parse.Pos) *parse.CommandNode {
	name := parse.NewIdentifier(function).SetTree(tree).SetPos(at)
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: at, Args: []parse.Node{name}}
}
