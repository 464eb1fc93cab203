package cli_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polymath-lm/polymath/internal/cli"
)

var update = flag.Bool("update", false, "write the golden output in testdata/script anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"polymath": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			os.Exit(cli.Run(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:]))
		},
	})
}

// TestScripts runs the command line as a user would: see testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			recipes, err := filepath.Abs(filepath.Join("..", "..", "recipes"))
			e.Setenv("RECIPES", recipes)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  status,
			"waitfor": waitFor,
			"damage":  damage,
			"binary":  binary,
			"prose":   prose,
			"babble":  babble,
			"cut":     cut,
			"seeing":  seeing,
			"paint":   paint,
		},
	})
}

// status N COMMAND... runs a command that must exit with status N.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

// waitfor FILE TEXT waits until a file holds text.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE TEXT")
	}
	path := ts.MkAbs(args[0])
	for range 1200 {
		if data, err := os.ReadFile(path); err == nil && strings.Contains(string(data), args[1]) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s never held %q", args[0], args[1])
}

// damage FILE changes one byte in the middle of a file.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage FILE")
	}
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	data[len(data)/2] ^= 1
	ts.Check(os.WriteFile(path, data, 0o666))
}

// cut FILE takes the second half of a file away.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cut FILE")
	}
	path := ts.MkAbs(args[0])
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, info.Size()/2))
}

// binary FILE writes a file that is no text.
func binary(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: binary FILE")
	}
	path := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o777))
	ts.Check(os.WriteFile(path, []byte("PNG\x00\x01\xff"), 0o666))
}

// prose DIR [NUMBER] writes files, forty if it is not said, of some four kilobytes of made-up sentences.
func prose(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: prose DIR [NUMBER]")
	}
	number := 40
	if len(args) == 2 {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		number = n
	}
	words := strings.Fields("the a this every old young red green tall house tree river boat bird child fox sees finds likes " +
		"follows leaves under over beside and but while then slowly again today never")
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	random := rand.New(rand.NewPCG(1, 1))
	for i := range number {
		var text strings.Builder
		for text.Len() < 4096 {
			for range 4 + random.IntN(8) {
				text.WriteString(words[min(random.IntN(len(words)), random.IntN(len(words)))] + " ")
			}
			text.WriteString("end.\n")
		}
		ts.Check(os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.txt", i)), []byte(text.String()), 0o666))
	}
}
