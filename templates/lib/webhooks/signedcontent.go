package webhooks

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// A signedContent is the sequence of bytes that a signature covers. Its
// segments are not joined, because a body can be large.
type signedContent []segment

// A segment is a string or, if bytes is not nil, a byte slice.
type segment struct {
	text  string
	bytes []byte
}

// copySize is the size of the buffer that strings are copied through. A hash
// accepts only bytes, and converting a whole body first takes longer.
const copySize = 256

// writeTo writes the segment to w, which must be a hash or a buffer: those
// never fail.
func (s segment) writeTo(w io.Writer) {
	if s.bytes != nil {
		_, _ = w.Write(s.bytes)
		return
	}
	buffer := make([]byte, min(copySize, len(s.text)))
	for rest := s.text; rest != ""; {
		n := copy(buffer, rest)
		_, _ = w.Write(buffer[:n])
		rest = rest[n:]
	}
}

// data returns the segment as bytes.
func (s segment) data() []byte {
	if s.bytes != nil {
		return s.bytes
	}
	return []byte(s.text)
}

func (s segment) empty() bool { return s.text == "" && len(s.bytes) == 0 }

// sha256Hex returns the SHA-256 hash of the segment in hexadecimal.
func (s segment) sha256Hex() string { return signedContent{s}.sha256Hex() }

// sha256Hex returns the SHA-256 hash of the content in hexadecimal.
func (c signedContent) sha256Hex() string {
	h := sha256.New()
	c.writeTo(h)
	return hex.EncodeToString(h.Sum(nil))
}

func (c signedContent) writeTo(w io.Writer) {
	for _, s := range c {
		s.writeTo(w)
	}
}

// join returns the content as one byte slice.
func (c signedContent) join() []byte {
	size := 0
	for _, s := range c {
		size += len(s.text) + len(s.bytes)
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	c.writeTo(b)
	return b.Bytes()
}
