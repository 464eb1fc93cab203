// Command polymath builds, examines and runs mixture-of-experts language
// models. See "polymath help".
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/polymath-lm/polymath/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks for an orderly end, the second ends at once.
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Run(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:]))
}
