package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"
)

// An idGenerator creates request ids. It reads random bytes for many requests
// at a time, and formats the time once per second. The zero idGenerator is
// ready to use.
type idGenerator struct {
	mu     sync.Mutex
	unused []byte // the rest of buf
	buf    [64 * idBytes]byte
	second int64
	clock  string // second, formatted
}

// idBytes is the number of random bytes per request: 16 for the UUID and 11 for
// the extended id.
const idBytes = 16 + 11

// read fills p with random bytes, and returns the time in Common Log Format.
func (r *idGenerator) read(p *[idBytes]byte, now time.Time) (clock string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.unused) < idBytes {
		if _, err := rand.Read(r.buf[:]); err != nil {
			panic("gateway: reading random bytes: " + err.Error())
		}
		r.unused = r.buf[:]
	}
	r.unused = r.unused[copy(p[:], r.unused):]
	if second := now.Unix(); r.clock == "" || second != r.second {
		r.second, r.clock = second, now.UTC().Format("02/Jan/2006:15:04:05 -0700")
	}
	return r.clock
}

// RequestID returns a new unique request id.
func (g *Gateway) RequestID() string { return g.ids.next(time.Now()).request }

// ids are the unique ids of a request, and its time.
type ids struct{ request, extended, time string }

// next returns the ids of a new request. Both are substrings of one string,
// which saves an allocation.
func (r *idGenerator) next(now time.Time) ids {
	var raw [idBytes]byte
	clock := r.read(&raw, now)
	raw[6] = raw[6]&0x0f | 0x40 // RFC 9562, section 5.4: version 4
	raw[8] = raw[8]&0x3f | 0x80

	const uuidLen, extendedLen, digits = 36, 16, "0123456789abcdef"
	var buf [uuidLen + extendedLen]byte
	uuid := buf[:0]
	for i, b := range raw[:16] {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			uuid = append(uuid, '-')
		}
		uuid = append(uuid, digits[b>>4], digits[b&0xf])
	}
	base64.URLEncoding.Encode(buf[uuidLen:], raw[16:])
	text := string(buf[:])
	return ids{text[:uuidLen], text[uuidLen:], clock}
}
