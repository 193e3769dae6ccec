// Command migrate changes the schema of the project's database. It takes one
// argument: migrate, down or status.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/fngen/fngen/templates/lib/db"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := db.Command(ctx, os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "fngen:", err)
		os.Exit(1)
	}
}
