package sandbox

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// trial is a program that must be held.
type trial struct {
	name           string
	python, golang string // statements; those of Go may use fmt, net, os and time
	limits         Limits
	want           string // output
	reason         string // or why it was ended
}

var trials = []trial{
	{name: "runs", python: "print(6 * 7)", golang: "fmt.Println(6 * 7)", want: "42\n"},
	{
		name:   "has no network",
		python: "import socket\ntry: socket.create_connection(('127.0.0.1', 1)); print('yes')\nexcept ConnectionRefusedError: print('yes')\nexcept OSError: print('no')",
		golang: "_, err := net.Dial(\"udp\", \"127.0.0.1:1\"); fmt.Println(map[bool]string{true: \"yes\", false: \"no\"}[err == nil])",
		want:   "no\n",
	},
	{
		name:   "sees no files of this machine",
		python: "import os\nfound = []\nfor p in ('/', '/etc/passwd', '/home', '/root', '/proc/self/environ', '/stage'):\n try: os.open(p, os.O_RDONLY); found.append(p)\n except OSError: pass\nprint(found)",
		golang: "for _, p := range []string{\"/\", \"/etc/passwd\", \"/home\", \"/root\", \"/proc/self/environ\", \"/stage\"} { if _, err := os.Open(p); err == nil { fmt.Print(p) } }; fmt.Println(\"[]\")",
		want:   "[]\n",
	},
	{
		name:   "is ended when it takes too much time",
		python: "while True: pass", golang: "for { time.Now() }",
		limits: Limits{CPU: 200 * time.Millisecond}, reason: ReasonCPU,
	},
	{
		name:   "is ended when it sleeps too long",
		python: "import time; time.sleep(1000)", golang: "time.Sleep(time.Hour)",
		limits: Limits{Wall: 500 * time.Millisecond}, reason: ReasonWall,
	},
	{
		name:   "is ended when it prints too much",
		python: "while True: print('x' * 1000)", golang: "for { fmt.Println(\"xxxxxxxxxx\") }",
		limits: Limits{Output: 64 << 10}, reason: ReasonOutput,
	},
	{
		name:   "is ended when its processes hold too much memory",
		python: "import mmap, time\nm = mmap.mmap(-1, 96 << 20)\nm.write(b'x' * (32 << 20)); m.write(b'x' * (64 << 20)); time.sleep(1000)",
		golang: "var held [][]byte; for range 3 { b := make([]byte, 40<<20); for i := range b { b[i] = 1 }; held = append(held, b) }; time.Sleep(time.Hour); fmt.Println(len(held))",
		limits: Limits{Memory: 80 << 20}, reason: ReasonMemory,
	},
}

// SelfTest runs small programs that try what the sandbox must prevent, in each
// language, and tells for each whether it was held. The error is the sandbox's
// own or ctx's.
func (s *Sandbox) SelfTest(ctx context.Context) ([]Layer, error) {
	var results []Layer
	for _, language := range s.Languages() {
		for _, t := range trials {
			out, err := s.Run(ctx, t.program(language))
			if err != nil {
				return results, err
			}
			l := Layer{Name: language, Detail: t.name, Have: t.held(out)}
			if !l.Have {
				l.Detail += fmt.Sprintf(": no, it ended with code %d, signal %q, reason %q and said %.200q %.200q", out.ExitCode, out.Signal, out.Reason, out.Stdout, out.Stderr)
			}
			results = append(results, l)
		}
	}
	return results, nil
}

func (t *trial) program(language string) Program {
	if language == Python {
		return Program{Language: Python, Main: "main.py", Files: map[string]string{"main.py": t.python}, Limits: t.limits}
	}
	source := "package main\n\nimport (\n\t\"fmt\"\n\t\"net\"\n\t\"os\"\n\t\"time\"\n)\n\nvar _, _, _, _ = fmt.Sprint, net.Dial, os.Open, time.Now\n\nfunc main() { " + t.golang + " }\n"
	return Program{Language: Go, Files: map[string]string{"main.go": source}, Limits: t.limits}
}

// held reports whether a program ended as it must. One that is refused memory
// has been held as well.
func (t *trial) held(out Outcome) bool {
	if t.reason == "" {
		return out.OK() && out.Stdout == t.want
	}
	if t.reason == ReasonMemory && strings.Contains(out.Stderr, "out of memory") {
		return true
	}
	return out.Reason == t.reason
}
