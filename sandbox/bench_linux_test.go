package sandbox

import (
	"os/exec"
	"testing"
)

// What a run costs, beside the interpreter or the program alone.

func BenchmarkPython(b *testing.B) {
	for b.Loop() {
		if out := python(b, "print(42)", Limits{}); !out.OK() {
			b.Fatal(out)
		}
	}
}

func BenchmarkPythonAlone(b *testing.B) {
	s := openShared(b)
	if s.noPython != nil {
		b.Skip(s.noPython)
	}
	for b.Loop() {
		if err := exec.Command(s.python.argv("")[0], "-c", "print(42)").Run(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGo(b *testing.B) {
	for b.Loop() {
		if out := golangs(b, "fmt", "func main() { fmt.Println(42) }", Limits{}); !out.OK() {
			b.Fatal(out)
		}
	}
}

func BenchmarkGoJSON(b *testing.B) {
	for b.Loop() {
		out := golangs(b, "fmt encoding/json reflect", "func main() { b, _ := json.Marshal(1); fmt.Println(b, reflect.DeepEqual(b, b)) }", Limits{})
		if !out.OK() {
			b.Fatal(out)
		}
	}
}

func BenchmarkPythonParallel(b *testing.B) {
	openShared(b)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			python(b, "print(42)", Limits{})
		}
	})
}
