package code

import (
	"strings"
	"testing"
)

func TestLanguage(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"a.go", "", "Go"},
		{"a/b.py", "", "Python"},
		{"A.RB", "", "Ruby"},
		{"x.tar.rs", "fn main() {}", "Rust"},
		{"a.d.ts", "export {}", "TypeScript"},
		{"Makefile", "", "Makefile"},
		{"src/CMakeLists.txt", "", "CMake"},
		{"Dockerfile.dev", "", "Dockerfile"},
		{"go.mod", "", "Go Module"},
		{".bashrc", "", "Shell"},
		{"README", "", "Text"},
		{"README.md", "", "Markdown"},
		{"BUILD", "", "Bazel"},
		{"nobody.knows", "", ""},
		{"noext", "", ""},
		{"a.", "", ""},
		{".", "", ""},
		{"", "", ""},
		// The program in the first line.
		{"tool", "#!/usr/bin/env python3\n", "Python"},
		{"tool", "#!/usr/bin/python3.11 -u\n", "Python"},
		{"tool", "#!/bin/bash -e\n", "Shell"},
		{"tool", "#! /usr/bin/perl\n", "Perl"},
		{"tool", "#!/usr/bin/env -S node --x\n", "JavaScript"},
		{"tool", "#!/usr/bin/env A=b ruby\n", "Ruby"},
		{"tool", "#!\n", ""},
		{"tool", "#!/opt/nobody\n", ""},
		// What editors are told.
		{"vector", "// -*- C++ -*-\n#include <x>\n", "C++"},
		{"x.h", "/* -*- mode: objc; tab-width: 4 -*- */", "Objective-C"},
		{"x.inc", "\n<?php\n// vim: set ft=php :\n", "PHP"},
		{"x.t", "say 1;\n# vim: ft=raku\n", "Raku"},
		{"x.el", ";; -*- lexical-binding: t -*-", "Emacs Lisp"},
		// One ending, several languages.
		{"x.h", "#ifndef X_H\n#define X_H\nint f(void);\n#endif\n", "C"},
		{"x.h", "#include <vector>\n", "C++"},
		{"x.h", "namespace a {\n}\n", "C++"},
		{"x.h", "#import <Foundation/Foundation.h>\n@interface A : NSObject\n@end\n", "Objective-C"},
		{"x.m", "#import \"A.h\"\n@implementation A\n@end\n", "Objective-C"},
		{"x.m", "function y = f(x)\n% doc\ny = x;\nend\n", "MATLAB"},
		{"x.m", "(* Mathematica *)\nf[x_] := x^2\n", "Mathematica"},
		{"x.pl", "use strict;\nmy $x = 1;\n", "Perl"},
		{"x.pl", "parent(a, b).\ngrand(X, Y) :- parent(X, Z), parent(Z, Y).\n", "Prolog"},
		{"x.pl", "use v6;\nsay 'a';\n", "Raku"},
		{"x.ts", "<?xml version=\"1.0\"?>\n<!DOCTYPE TS>\n<TS/>\n", "XML"},
		{"x.ts", "export const a: number = 1;\n", "TypeScript"},
		{"x.v", "module counter(input clk);\nendmodule\n", "Verilog"},
		{"x.v", "Require Import List.\nTheorem a : True.\nProof. auto. Qed.\n", "Coq"},
		{"x.v", "module main\n\nfn main() {\n}\n", "V"},
		{"x.r", "f <- function(x) x\n", "R"},
		{"x.r", "REBOL [title: {x}]\n", "Rebol"},
		{"x.d", "module a.b;\nimport std.stdio;\n", "D"},
		{"x.d", "main.o: main.c \\\n a.h\n", "Makefile"},
		{"x.fs", "module A\nlet x = 1\n", "F#"},
		{"x.fs", "#version 330\nvoid main() {}\n", "GLSL"},
		{"x.fs", ": square dup * ;\n", "Forth"},
		{"x.l", "%{\n#include <stdio.h>\n%}\n%%\n", "Lex"},
		{"x.l", "(defun f (x) x)\n", "Common Lisp"},
		{"x.php", "<?php echo 1;", "PHP"},
		{"x.php", "<?hh\n", "Hack"},
		{"x.ml", "let rec f x = f x\n", "OCaml"},
		{"x.ml", "structure A = struct fun f x = case x of _ => 1 end\n", "Standard ML"},
		{"x.rs", "<?xml version='1.0'?>\n", "XML"},
		{"x.cs", "using System;\nnamespace A {}\n", "C#"},
		{"x.sc", "object A extends App\n", "Scala"},
		{"x.pp", "class a { file { '/x': } }\n", "Puppet"},
		{"x.pp", "unit A;\ninterface\n", "Pascal"},
		{"x.cls", "\\NeedsTeXFormat{LaTeX2e}\n\\ProvidesClass{a}\n", "LaTeX"},
		{"x.gd", "extends Node\nfunc _ready():\n", "GDScript"},
		{"x.1", ".TH LS 1\n", "Roff"},
		{"x.pm", "/* XPM */\n", "X PixMap"},
		// Neither a name nor a first line.
		{"noext", "<!DOCTYPE html>\n<html>", "HTML"},
		{"noext", "<?xml version='1.0'?>", "XML"},
		{"noext", "package main\n\nimport \"fmt\"\n", "Go"},
		{"noext", "import os\n\ndef f(x):\n    return x\n", "Python"},
		{"noext", "#include <stdio.h>\nint main(void) {}\n", "C"},
		{"noext", "#include <iostream>\n", "C++"},
		{"noext", "just some words", ""},
	} {
		got, score := Language(c.name, []byte(c.content))
		if got != c.want || (got == "") != (score == 0) || score > 1 {
			t.Errorf("%s %.40q is %q (%.1f), want %q", c.name, c.content, got, score, c.want)
		}
	}
}

// TestTableIsWhole sees to it that the rules name languages of the table, and
// that files whose ending several languages have are told apart by more than the
// order of the table.
func TestTableIsWhole(t *testing.T) {
	if n := len(table().known); n < 200 {
		t.Errorf("%d languages", n)
	}
	for line := range strings.Lines(languageTable) {
		if !strings.HasPrefix(line, "#") && strings.Count(line, "|") != 3 {
			t.Errorf("line %q", line)
		}
	}
	named := map[string]bool{}
	for _, list := range [][]evidence{choices, contents} {
		for _, c := range list {
			named[c.language] = true
			if !IsLanguage(c.language) {
				t.Errorf("a rule is for %q, which is no language", c.language)
			}
		}
	}
	for mode, language := range modes {
		if !IsLanguage(language) {
			t.Errorf("the mode %s is for %q, which is no language", mode, language)
		}
	}
	for _, language := range byDefault {
		if !IsLanguage(language) {
			t.Errorf("%q is no language", language)
		}
	}
	for ending, of := range table().extensions {
		if len(of) < 2 {
			continue
		}
		known := 0
		for _, language := range of {
			if named[language] {
				known++
			}
		}
		if known == 0 {
			t.Errorf("nothing tells the languages of .%s apart: %v", ending, of)
		}
	}
}

// FuzzLanguage gives any name and content to everything that looks at files.
func FuzzLanguage(f *testing.F) {
	f.Add("a.h", []byte("#include <vector>\n"))
	f.Add("x", []byte("#!/usr/bin/env -S python3 -u\n# vim: ft=python"))
	f.Add("vendor/a.pl", []byte("// Code generated by x. DO NOT EDIT.\n"))
	f.Add("a.js", []byte(strings.Repeat("0123456789", 1000)))
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		language, score := Language(name, content)
		if (language == "") != (score == 0) || language != "" && !IsLanguage(language) {
			t.Errorf("%q with %v", language, score)
		}
		Vendored(name)
		Generated(name, content)
		if text, reason := decode(content); reason == "" && (len(text) == 0 || strings.ContainsRune(string(text), 0)) {
			t.Errorf("text %q", text)
		}
	})
}
