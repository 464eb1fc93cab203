package code

import (
	"bytes"
	"regexp"
	"slices"
)

// evidence is what shows, in the beginning of a file, that it is in a language
// rather than in others with the same ending.
type evidence struct {
	language string
	pattern  *regexp.Regexp
}

// rules are tried in this order among the languages that come into question.
var choices = []evidence{
	{"X PixMap", regexp.MustCompile(`^\s*/\*\s*XPM\s*\*/`)},
	{"Public Key", regexp.MustCompile(`(?m)^(-----BEGIN |ssh-(rsa|dss|ed25519) )`)},
	{"XML", regexp.MustCompile(`^\s*<(\?xml|!DOCTYPE|!--|[A-Za-z])`)},
	{"HTML", regexp.MustCompile(`(?i)^\s*<(!DOCTYPE|html|head|body|div|table|script|p|h[1-6]|ul|a)\b`)},
	{"Hack", regexp.MustCompile(`^(#!.*hhvm.*\n)?<\?hh`)},
	{"PHP", regexp.MustCompile(`<\?(php|=|\s)`)},
	{"Objective-C", regexp.MustCompile(`(?m)^\s*(@(interface|class|protocol|property|end|synchronized|implementation|import)\b|#import\s+[<"])`)},
	{"C++", regexp.MustCompile(`(?m)^[ \t]*(#[ \t]*include[ \t]*<(c(stdint|stdlib|stdio|stddef|stdarg|string|math|assert|limits|time|ctype|errno|signal)|string|string_view|vector|map|set|list|array|deque|bitset|queue|stack|tuple|optional|variant|span|iosfwd|iostream|istream|ostream|fstream|sstream|memory|algorithm|utility|type_traits|functional|iterator|limits|mutex|atomic|thread|chrono|exception|stdexcept|initializer_list|unordered_(map|set))>|template[ \t]*<|(class|namespace)[ \t]+\w+[^;*()\n]*$|(class|namespace)[ \t]+\w+.*[{;]|namespace[ \t]*\{|using[ \t]+(namespace\b|\w+[ \t]*=|\w+::)|(private|public|protected)[ \t]*:|virtual[ \t]+[\w:<>*& ~]+\(|constexpr[ \t]|(explicit|friend)[ \t]+\w)`)},
	{"Raku", regexp.MustCompile(`(?m)^\s*(use v6\b|(unit )?(class|module|grammar|role) [\w:-]+(;|\s*\{))|^#!.*(raku|perl6)`)},
	{"Perl", regexp.MustCompile(`(?m)^\s*((use|require|no)\s+[\w:.]+|my\s*[$@%(]|our\s*[$@%(]|sub\s+\w+|package\s+[\w:]+\s*[;{]|=(head\d|pod|cut|item))|\$\w+\s*=|@ARGV|\$_\b`)},
	{"Prolog", regexp.MustCompile(`(?m)^[^#%/'"\n]*:-|^\w+\(.*\)\.\s*$`)},
	{"Mercury", regexp.MustCompile(`(?m)^\s*:- (module|interface|pred|func|import_module)\b`)},
	{"Mathematica", regexp.MustCompile(`^\s*\(\*|\w+\[[^\]]*_[^\]]*\]\s*:=|(?m)^\w+\[.*\];?\s*$`)},
	{"MATLAB", regexp.MustCompile(`(?m)^\s*(%|##|function\b|classdef\b|end(function|if|for)?\s*$|\w+\s*=\s*\[|(if|for|while)\b.*\n)`)},
	{"Coq", regexp.MustCompile(`(?m)^\s*((Local |Global |Program |#\[.*\]\s*)*(Theorem|Lemma|Proof|Qed|Require|From|Definition|Inductive|CoInductive|Section|Module|Import|Export|Fixpoint|Ltac|Notation|Record|Class|Instance|Variable|Hypothesis|Goal|Set|Unset|Axiom)\b.*)`)},
	{"V", regexp.MustCompile(`(?m)^(pub )?(fn|struct|enum|interface) .*\{|^module \w+\s*$|^import [\w.]+\s*$`)},
	{"Verilog", regexp.MustCompile("(?m)^\\s*(module|endmodule|always|initial|assign|wire|reg|input|output|parameter|`(timescale|define|include|ifdef))\\b")},
	{"Rebol", regexp.MustCompile(`(?i)\brebol\s*\[`)},
	{"R", regexp.MustCompile(`<-|\bfunction\s*\(|(?m)^\s*(library|require)\(`)},
	{"DTrace", regexp.MustCompile(`(?m)^#pragma\s+D\b|^(\w*:){3}\w*|^#!.*dtrace`)},
	{"Makefile", regexp.MustCompile(`(?m)^[\w./$()%-]+( [\w./$()%-]+)*\s*:( |\s*\\?$)`)},
	{"D", regexp.MustCompile(`(?m)^\s*(module|import|private|public|static|version|unittest|@safe|void|struct|class)\b`)},
	{"GLSL", regexp.MustCompile(`(?m)^\s*(#version|precision\s|uniform\s|varying\s|attribute\s|layout\s*\(|(in|out)\s+vec|void\s+main\s*\()`)},
	{"JavaScript", regexp.MustCompile(`(?m)\bfunction\b|^\s*(var|let|const|import|export)\s|=>`)},
	{"F#", regexp.MustCompile(`(?m)^\s*(module|namespace|open|let|type|#light|\[<)`)},
	{"Forth", regexp.MustCompile(`(?m)^(: |also |new-device|previous |\\ )`)},
	{"Fortran", regexp.MustCompile(`(?mi)^([c*][^abd-z]|\s*(subroutine|program|end|data|module|function|integer|real|call|implicit)\b|\s*!)`)},
	{"Lex", regexp.MustCompile(`(?m)^(%[%{}]|%option|<\w+>)`)},
	{"Roff", regexp.MustCompile(`(?m)^[.'](\\"|TH|SH|SS|PP|Dd|Dt|de|ds|so|nf|br)\b`)},
	{"OpenCL", regexp.MustCompile(`\b(__kernel|__global|kernel void|get_global_id)\b|(?m)^#(pragma|include|if|define)\b`)},
	{"Common Lisp", regexp.MustCompile(`(?mi)^\s*\((defun|in-package|defpackage|defparameter|defmacro|defvar|defclass|setf|eval-when)\b|^;;`)},
	{"Standard ML", regexp.MustCompile(`=> case\b|(?m)^\s*(structure|signature|functor|datatype|fun)\b`)},
	{"OCaml", regexp.MustCompile(`(?m)\blet rec\b|^\s*(module|open|let|type|val|exception)\b|->`)},
	{"SuperCollider", regexp.MustCompile(`(?m)\b(SynthDef|\.play|SinOsc|Routine)\b|^\s*[+*]?\s*\w+\s*:\s*\w+\s*\{`)},
	{"Scala", regexp.MustCompile(`(?m)^\s*(import|package|object|class|trait|def|val|var|case)\b`)},
	{"GAP", regexp.MustCompile(`(?m)\b(Declare(Operation|Attribute|Property|Category|GlobalFunction)|InstallMethod)\b|^\s*#+\s|:= function`)},
	{"GDScript", regexp.MustCompile(`(?m)^\s*(extends|func|signal|onready|export|class_name|tool)\b`)},
	{"Puppet", regexp.MustCompile(`(?m)^\s*(class|define|node|include|package|file|service|exec)\s+[^;]*[{'"(:]|=>`)},
	{"Pascal", regexp.MustCompile(`(?mi)^\s*(program|unit|interface|uses|procedure|function|begin|implementation|\{\$)`)},
	{"RPM Spec", regexp.MustCompile(`(?m)^(Name|Version|Summary|Release|%(global|define|build|install|description))\b`)},
	{"Ruby", regexp.MustCompile(`(?m)^\s*(require|describe|module|class|def|Gem::|Pod::|end)\b`)},
	{"QMake", regexp.MustCompile(`(?m)^\s*(QT|TEMPLATE|SOURCES|HEADERS|CONFIG|TARGET|include)\b.*[+=(]`)},
	{"Gnuplot", regexp.MustCompile(`(?m)^\s*(s?plot|set\s+(term|title|xlabel|ylabel|output|style|key))\b`)},
	{"OpenEdge ABL", regexp.MustCompile(`(?mi)\b(define (variable|input|output|temp-table|buffer)|end procedure|no-undo|assign)\b`)},
	{"VBA", regexp.MustCompile(`(?mi)^\s*(VERSION \d|Attribute VB_|Option Explicit|(Public|Private) (Sub|Function|Const))`)},
	{"LaTeX", regexp.MustCompile(`\\(ProvidesClass|ProvidesPackage|documentclass|NeedsTeXFormat|begin\{|def\\|usepackage|newcommand)|(?m)^%`)},
	{"Smalltalk", regexp.MustCompile(`![\w\s]+methodsFor:|subclass: #|Object subclass:`)},
	{"C#", regexp.MustCompile(`(?m)^\s*(using\s+[\w.=\s]+;|namespace\s|(public|internal|private|static|sealed|abstract|partial)\b.*\b(class|interface|struct|enum|void)\b|//|\[assembly)`)},
	{"Rust", regexp.MustCompile(`(?m)^\s*(use |fn |mod |pub |macro_rules!|impl|struct|enum|extern|#!?\[|//)`)},
	{"TypeScript", regexp.MustCompile(`(?m)^\s*(import|export|const|let|interface|type|class|function|declare|describe|//|/\*)`)},
	{"Erlang", regexp.MustCompile(`(?m)^\s*(%|-module|-export|main\s*\()`)},
	{"Elixir", regexp.MustCompile(`(?m)^\s*(defmodule|defp?|use|import|alias|@)\b`)},
	{"AsciiDoc", regexp.MustCompile(`(?m)^[=:*]`)},
	{"PL/SQL", regexp.MustCompile(`(?mi)\b(create or replace|dbms_\w+|varchar2|end;\s*\n/)`)},
	{"Cython", regexp.MustCompile(`(?m)^\s*(cdef|cpdef|cimport)\b`)},
	{"Python", regexp.MustCompile(`(?m)^\s*(import|from\s+[\w.]+\s+import|def|class|if\s.*:\s*$|@)\b`)},
	{"Shell", regexp.MustCompile(`(?m)^#!.*\b(ba|z|k|da)?sh\b|^\s*(export|if \[|fi|esac|done|echo)\b`)},
}

// byDefault is meant where nothing shows which of them it is.
var byDefault = []string{"PHP", "Verilog", "Roff", "Perl", "Python", "Shell", "Prolog", "VBA", "LaTeX", "QMake"}

// choose returns which of the languages a file that begins so is in.
func choose(candidates []string, head []byte) string {
	for _, c := range choices {
		if slices.Contains(candidates, c.language) && (hasWord(head, c.language) || c.pattern.Match(head)) {
			return c.language
		}
	}
	for _, language := range byDefault {
		if slices.Contains(candidates, language) {
			return language
		}
	}
	return ""
}

// telling are words that no other language with the same ending has.
var telling = map[string][]string{
	"C++":         {"std::", "static_cast<", "typename ", "operator=", "operator("},
	"Objective-C": {"NSString", "NSObject", "NS_ENUM", "NSUInteger"},
}

func hasWord(head []byte, language string) bool {
	return slices.ContainsFunc(telling[language], func(word string) bool { return bytes.Contains(head, []byte(word)) })
}

// contents are what files without a name that says it begin with.
var contents = []evidence{
	{"PHP", regexp.MustCompile(`^\s*<\?php\b`)},
	{"HTML", regexp.MustCompile(`(?i)^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<(!DOCTYPE html|html\b)`)},
	{"XML", regexp.MustCompile(`^\s*<\?xml\b`)},
	{"Diff", regexp.MustCompile(`(?m)^(diff --git |--- \S.*\n\+\+\+ \S.*\n@@ )`)},
	{"Public Key", regexp.MustCompile(`^-----BEGIN `)},
	{"Roff", regexp.MustCompile(`^(\.\\".*\n|'\\".*\n)*\.(TH|Dd)\s`)},
	{"Makefile", regexp.MustCompile(`(?m)^(\.PHONY|all|install|clean)\s*:.*\n(\t|\n)`)},
	{"Go", regexp.MustCompile(`(?m)^package \w+\s*$(?s:.*)^(import|func|type|var|const)\b`)},
	{"Rust", regexp.MustCompile(`(?m)^(pub(\(\w+\))? )?((unsafe |async |const )?fn \w+.*(\{|->)|mod \w+;)|^(pub )?use (std|crate|super|core|self)::|^impl(<.*>)? [A-Z]|^#!?\[(derive|cfg|allow)\(`)},
	{"Java", regexp.MustCompile(`(?m)^(import (static )?(java|javax|org|com)\.[\w.*]+;|public (final |abstract )?(class|interface|enum) \w+)`)},
	{"C#", regexp.MustCompile(`(?m)^using System(\.[\w.]+)?;`)},
	{"Python", regexp.MustCompile(`(?m)^(import [\w.]+(\s*(,| as ).*)?\s*$|from [\w.]+ import |def \w+\(.*\)( -> .*)?:\s*$|class \w+(\(.*\))?:\s*$)`)},
	{"TypeScript", regexp.MustCompile(`(?m)^(export )?(default )?(declare (const|function|module|global|class|namespace)|abstract class|interface \w+|type \w+(<.*>)? =)|^import type |^export (type|declare|\{ type) |^\s*(public|private|protected|readonly) \w+[?!]?:|[\w)\]][?]?: (string|number|boolean|void|any|unknown|Promise<.*|Record<.*)(\[\])?( =|[;,){ ]|$)`)},
	{"JavaScript", regexp.MustCompile(`(?m)^\s*['"]use strict['"]|^\s*(const|var|let) .*= require\(|^(module\.)?exports\b|^export (default|const|function|class|async|\*|\{)|^import .*['"];?$|^\s*(var|const|let) \w+ = (async )?(function\b|\()|^\s*\(?(async )?function\s*\w*\([\w$, ={}\[\].]*\)\s*\{|=> \{$`)},
	{"Ruby", regexp.MustCompile(`(?m)^\s*(require(_relative)? ['"]|module [A-Z]\w*\s*$|class [A-Z]\w*( < [A-Z][\w:]*)?\s*$|attr_(reader|accessor|writer) :)|^# frozen_string_literal`)},
	{"Perl", regexp.MustCompile(`(?m)^(use (strict|warnings|utf8|vars|v?5)\b|package [\w:]+;|sub \w+ \{|=(head1|pod)\b)`)},
}

// contentHead is how much of a file without a telling name is looked at.
const contentHead = 8 << 10

// cFamily is what files in C, C++ and Objective-C have.
var cFamily = regexp.MustCompile(`(?m)^[ \t]*#([ \t]*include[ \t]*[<"]|[ \t]*import[ \t]*[<"]|define[ \t]+\w|ifndef[ \t]+\w|[ \t]*pragma[ \t]+once)`)

// byContent returns a language that the content shows by itself.
func byContent(head []byte) (language string, score float32) {
	head = head[:min(len(head), contentHead)]
	if i := bytes.IndexByte(head, '\n'); i > 0 && bytes.HasPrefix(head, []byte("#!")) {
		head = head[i+1:]
	}
	for _, c := range contents {
		if c.pattern.Match(head) {
			return c.language, 0.6
		}
	}
	if cFamily.Match(head) {
		if language := choose([]string{"Objective-C", "C++", "C"}, head); language != "" {
			return language, 0.6
		}
		return "C", 0.6
	}
	return "", 0
}
