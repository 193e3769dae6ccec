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

// retryInterval is the time between attempts to acquire a lock that is held.
const retryInterval = 2 * time.Millisecond

// Lock acquires the lock on the project in dir, and waits until it is available
// or ctx is done. The caller must call unlock.
//
// Lock locks the directory itself, so that it leaves no file behind. On systems
// that cannot lock directories, such as Windows and some network file systems,
// it locks a file in the directory for temporary files instead.
func Lock(ctx context.Context, dir string) (unlock func() error, err error) {
	lock := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	if _, err := lock.TryLockContext(ctx, retryInterval); err == nil {
		return lock.Unlock, nil
	} else if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	sum := sha256.Sum256([]byte(dir))
	name := fmt.Sprintf("fngen-%d-%s.lock", os.Getuid(), hex.EncodeToString(sum[:8]))
	lock = flock.New(filepath.Join(os.TempDir(), name), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, retryInterval); err != nil {
		return nil, fmt.Errorf("locking the project: %w", err)
	}
	return lock.Unlock, nil
}
