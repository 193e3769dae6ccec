package ratelimit

import (
	"context"
	"hash/maphash"
	"math/bits"
	"sync"
	"time"
)

// A Memory is a Limiter in the memory of one process, and for one instance of a function: several need one
// that they share.
//
// It has a number of buckets, and takes no more memory however many keys there are. A key that finds
// none free goes on with another's, the fullest of some, at the level at which it is. So no flood of keys gives anybody
// a token back; it makes strangers share. Limits of very different rates have a Memory each.
type Memory struct {
	// Now is the clock, time.Now where it is nil.
	Now func() time.Time

	start  time.Time    // what the buckets' times count from
	seed   maphash.Seed // secret, so that nobody can choose whom to share with
	shards [shards]shard
}

const (
	shardBits = 6
	shards    = 1 << shardBits // that are locked apart
	ways      = 16             // buckets among which a key has its own
)

type shard struct {
	mu   sync.Mutex
	sets []set
	_    [32]byte // apart from the next one's lock in the processor's caches
}

// A set has the buckets of keys whose hashes are alike. It has no pointers, which the garbage
// collector would follow, and lies in one place: most of what a request costs is getting there.
type set [ways]struct {
	hash uint64 // of a key and its rate; zero is a free bucket
	full int64  // when the bucket is full again
}

// DefaultKeys is the size of the Memory that Require makes where it is given none.
const DefaultKeys = 1 << 16

// NewMemory is a Memory with buckets for so many keys. It takes 32 bytes for each.
func NewMemory(keys int) *Memory {
	// Twice as many buckets: hashes do not fill all sets alike.
	sets := max(1, 2*keys/(shards*ways))
	m := &Memory{start: time.Now(), seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].sets = make([]set, sets)
	}
	return m
}

// Take is as Limiter has it. It never fails.
func (m *Memory) Take(_ context.Context, key string, r Rate) (Result, error) {
	clock := m.Now
	if clock == nil {
		clock = time.Now
	}
	hash := (maphash.String(m.seed, key) ^ uint64(r.Requests)<<40 ^ uint64(r.Size())<<20 ^ uint64(r.Per)) | 1 // #nosec G115 -- any bits will do
	shard := &m.shards[hash>>(64-shardBits)]
	which, _ := bits.Mul64(hash<<shardBits, uint64(len(shard.sets)))

	shard.mu.Lock()
	defer shard.mu.Unlock()
	now := int64(clock().Sub(m.start)) // within the lock, so that it does not go back
	return r.take(shard.sets[which].bucket(hash, now), now), nil
}

// bucket is the one of a key: its own, or a free one, or the fullest of all.
func (s *set) bucket(hash uint64, now int64) *int64 {
	fullest := 0
	for i := range s {
		switch b := &s[i]; {
		case b.hash == hash:
			return &b.full
		case b.hash == 0:
			b.hash, b.full = hash, now
			return &b.full
		case b.full < s[fullest].full:
			fullest = i
		}
	}
	s[fullest].hash = hash
	return &s[fullest].full
}

// take takes a token from a bucket, where there is one. The bucket is the time at which it is full
// again, in nanoseconds: each token takes its interval longer.
func (r Rate) take(full *int64, now int64) Result {
	interval, fill := int64(r.interval()), int64(r.fill())
	missing := max(*full-now, 0)
	allowed := missing+interval <= fill
	if allowed {
		missing += interval
		*full = now + missing
	}
	remaining := max(fill-missing, 0) / interval
	return Result{
		Allowed:   allowed,
		Remaining: int(remaining),
		Next:      time.Duration(missing - (fill - (remaining+1)*interval)),
	}
}
