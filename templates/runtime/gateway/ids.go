package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"
)

// A random hands out what tells one request from all others. It asks the system for many random bytes at a time, and
// formats each second once. The zero random is ready.
type random struct {
	mu     sync.Mutex
	ready  []byte
	buf    [64 * idBytes]byte
	second int64
	clock  string // that second
}

// idBytes are the random bytes of a request: 16 of a UUID, 11 of its extended id.
const idBytes = 16 + 11

// next are the next random bytes, and the time in the format of a common log.
func (r *random) next(p *[idBytes]byte, now time.Time) (clock string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ready) < idBytes {
		if _, err := rand.Read(r.buf[:]); err != nil {
			panic("gateway: the system has no random bytes: " + err.Error())
		}
		r.ready = r.buf[:]
	}
	r.ready = r.ready[copy(p[:], r.ready):]
	if second := now.Unix(); r.clock == "" || second != r.second {
		r.second, r.clock = second, now.UTC().Format("02/Jan/2006:15:04:05 -0700")
	}
	return r.clock
}

// RequestID is an id that no other request has.
func (g *Gateway) RequestID() string { return g.ids.stamp(time.Now()).request }

// ids are what tells one request from all others, and its time.
type ids struct{ request, extended, time string }

// stamp makes the ids of a request, the two as parts of one string.
func (r *random) stamp(now time.Time) ids {
	var raw [idBytes]byte
	clock := r.next(&raw, now)
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
