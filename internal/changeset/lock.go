package changeset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// retry is how often a lock that another process holds is tried.
const retry = 2 * time.Millisecond

// Lock keeps other processes from changing the project in a directory until
// unlock is called. It waits for those that hold it.
//
// It locks the directory itself, so that nothing is left behind. Where directories cannot be
// locked (on Windows, and on some network file systems), it locks a file that is
// named after the directory in the system's folder for temporary files.
func Lock(ctx context.Context, dir string) (unlock func() error, err error) {
	lock := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	if _, err := lock.TryLockContext(ctx, retry); err == nil {
		return lock.Unlock, nil
	} else if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	sum := sha256.Sum256([]byte(dir))
	name := fmt.Sprintf("fngen-%d-%s.lock", os.Getuid(), hex.EncodeToString(sum[:8]))
	lock = flock.New(filepath.Join(os.TempDir(), name), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, retry); err != nil {
		return nil, fmt.Errorf("locking the project: %w", err)
	}
	return lock.Unlock, nil
}
