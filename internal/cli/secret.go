package cli

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

// Sizes of secrets, in bytes. Shorter ones can be guessed.
const (
	minSecret     = 16
	defaultSecret = 32
	maxSecret     = 1024
)

func newSecret(w World) *cobra.Command {
	size := defaultSecret
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Print a random secret",
		Long: `Print a random secret for .env, such as one that you share with the sender of a
webhook. It is encoded as base64url, without padding.`,
		Example: "  fngen secret\n  echo \"WEBHOOK_SECRET=$(fngen secret)\" >> .env\n  fngen secret --bytes 64",
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			secret := make([]byte, size)
			_, _ = rand.Read(secret) // never returns an error
			_, err := fmt.Fprintln(w.Stdout, base64.RawURLEncoding.EncodeToString(secret))
			return err
		},
	}
	parsed(cmd.Flags(), &size, "bytes", "N", "number of random bytes (default 32)", func(value string) (int, error) {
		n, err := strconv.Atoi(value)
		if err != nil || n < minSecret || n > maxSecret {
			return 0, errors.New("want a number from 16 to 1024")
		}
		return n, nil
	})
	return cmd
}
