// Command fngen generates serverless functions, and what they need around them.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/fngen/fngen/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	executable, _ := os.Executable() // only hints need it
	code := cli.Main(ctx, os.Args[1:], cli.World{
		Env:        os.Getenv,
		Environ:    os.Environ,
		Stdin:      os.Stdin,
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		Version:    cli.BuildVersion(),
		Executable: executable,
	})
	stop()
	os.Exit(code)
}
