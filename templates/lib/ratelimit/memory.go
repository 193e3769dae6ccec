package ratelimit

import (
	"context"
	"hash/maphash"
	"math/bits"
	"sync"
	"time"
)

// A Memory is a Limiter in the memory of one process. It counts only the
// requests of this instance of a function. Several instances need a shared
// Limiter, such as the one in package redisstore.
//
// A Memory has a fixed number of buckets, so its size does not depend on the
// number of keys. If a new key finds no free bucket among the 16 that it may
// use, it takes over the fullest of them, with the tokens that are left in it.
// A flood of keys therefore makes clients share buckets but gives no client a
// token back. Use separate Memories for limits with very different rates.
type Memory struct {
	// Now returns the current time. It defaults to time.Now.
	Now func() time.Time

	start  time.Time    // times in buckets are relative to it
	seed   maphash.Seed // random, so that clients cannot cause collisions
	shards [shardCount]shard
}

const (
	shardBits     = 6
	shardCount    = 1 << shardBits
	bucketsPerSet = 16
)

// A shard has its own lock, so that requests rarely wait for each other.
type shard struct {
	mu   sync.Mutex
	sets []set
	_    [32]byte // fills the cache line to avoid false sharing of locks
}

// A set holds the buckets for keys with similar hashes, as a set of a
// set-associative cache does. It is contiguous and has no pointers: a request
// costs one or two cache misses, and the garbage collector skips it.
type set [bucketsPerSet]struct {
	hash   uint64 // of the key and the rate, 0 if the bucket is free
	fullAt int64  // when the bucket is full again
}

// DefaultKeys is the size of the Memory that Require creates by default.
const DefaultKeys = 1 << 16

// NewMemory returns a Memory for the given number of keys. It uses 32 bytes per
// key.
func NewMemory(keys int) *Memory {
	// Hashes do not fill all sets evenly, so there are twice as many buckets.
	sets := max(1, 2*keys/(shardCount*bucketsPerSet))
	m := &Memory{start: time.Now(), seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].sets = make([]set, sets)
	}
	return m
}

// Take implements Limiter. It never fails.
func (m *Memory) Take(_ context.Context, key string, r Rate) (Result, error) {
	clock := m.Now
	if clock == nil {
		clock = time.Now
	}
	rateBits := uint64(r.Requests)<<40 ^ uint64(r.Size())<<20 ^ uint64(r.Per) // #nosec G115 -- only hashed
	hash := (maphash.String(m.seed, key) ^ rateBits) | 1                      // not 0, which is a free bucket
	shard := &m.shards[hash>>(64-shardBits)]
	index, _ := bits.Mul64(hash<<shardBits, uint64(len(shard.sets)))

	shard.mu.Lock()
	defer shard.mu.Unlock()
	now := int64(clock().Sub(m.start)) // read with the lock held, so that time never goes back
	return r.take(shard.sets[index].bucket(hash, now), now), nil
}

// bucket returns the existing bucket of a key or, if there is none, a free
// bucket or the fullest one.
func (s *set) bucket(hash uint64, now int64) *int64 {
	fullest := 0
	for i := range s {
		switch b := &s[i]; {
		case b.hash == hash:
			return &b.fullAt
		case b.hash == 0:
			b.hash, b.fullAt = hash, now
			return &b.fullAt
		case b.fullAt < s[fullest].fullAt:
			fullest = i
		}
	}
	s[fullest].hash = hash
	return &s[fullest].fullAt
}

// take takes a token from a bucket if it has one. A bucket is represented by
// the time, in nanoseconds, at which it is full again (the generic cell rate
// algorithm). Taking a token delays that time by the interval of a token.
func (r Rate) take(fullAt *int64, now int64) Result {
	interval, refill := int64(r.interval()), int64(r.refillTime())
	missing := max(*fullAt-now, 0)
	allowed := missing+interval <= refill
	if allowed {
		missing += interval
		*fullAt = now + missing
	}
	remaining := max(refill-missing, 0) / interval
	return Result{
		Allowed:   allowed,
		Remaining: int(remaining),
		Next:      time.Duration(missing - (refill - (remaining+1)*interval)),
	}
}
