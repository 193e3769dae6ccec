package webhooks

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
)

// A content is what is signed, in parts. They stay where they are: a body is as large as its sender likes.
type content []part

// A part is text, or bytes where those are what there is.
type part struct {
	text  string
	bytes []byte
}

func (p part) writeTo(w io.Writer) {
	if p.bytes != nil {
		_, _ = w.Write(p.bytes) // to a hash or a buffer, which cannot fail
		return
	}
	buffer := []byte(p.text[:min(chunk, len(p.text))])
	for rest := p.text[len(buffer):]; len(buffer) > 0; {
		_, _ = w.Write(buffer)
		buffer = buffer[:copy(buffer, rest)]
		rest = rest[len(buffer):]
	}
}

// chunk is how much of a text is written at a time. A hash takes bytes alone, and a copy of all of a body
// costs more than its HMAC would allow for: small ones are the fastest.
const chunk = 256

// data is the part as bytes.
func (p part) data() []byte {
	if p.bytes != nil {
		return p.bytes
	}
	return []byte(p.text)
}

func (p part) empty() bool { return p.text == "" && len(p.bytes) == 0 }

// sum is the SHA-256 of the content in hex.
func (c content) sum() string {
	h := sha256.New()
	c.writeTo(h)
	return hex.EncodeToString(h.Sum(nil))
}

func (c content) writeTo(w io.Writer) {
	for _, p := range c {
		p.writeTo(w)
	}
}

// join is the content in one piece.
func (c content) join() []byte {
	size := 0
	for _, p := range c {
		size += len(p.text) + len(p.bytes)
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	c.writeTo(b)
	return b.Bytes()
}

// fill is the content with its names filled in.
func (w *way) fill(m *message) content {
	c := make(content, 0, 2*strings.Count(w.content, "{"))
	add := func(p part) {
		if !p.empty() {
			c = append(c, p)
		}
	}
	for rest := w.content; rest != ""; {
		literal, tail, _ := strings.Cut(rest, "{")
		add(part{text: literal})
		name, after, _ := strings.Cut(tail, "}")
		switch name {
		case "body":
			add(m.body)
		case "id":
			add(part{text: m.id})
		case "stamp":
			add(part{text: m.stamp})
		case "url":
			add(part{text: m.url})
		case "form":
			add(part{text: m.form})
		}
		rest = after
	}
	return c
}
