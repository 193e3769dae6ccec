package delivery

import (
	"bytes"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// samples has a directory for each provider with a file for each event. A file
// contains the headers, without those of the signature, and a JSON body or the
// fields of a form. The events are invented, but have the structure that the
// provider documents. Values that differ between messages are written as ${name};
// see fill.
//
//go:embed samples
var samples embed.FS

// plain is the directory of the schemes that belong to no provider.
const plain = "plain"

// A Message is a webhook request before it is signed.
type Message struct {
	Header map[string]string
	Body   []byte
}

// An UnknownError reports a sample that does not exist.
type UnknownError struct {
	Scheme, Name string
	Names        []string // the names of the scheme's samples
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("%s has no sample %q: want one of %s", e.Scheme, e.Name, strings.Join(e.Names, ", "))
}

// Samples returns the names of a scheme's samples, sorted.
func Samples(scheme string) []string {
	var names []string
	dir := sampleDir(scheme)
	// Reading embedded files does not fail.
	_ = fs.WalkDir(samples, dir, func(file string, _ fs.DirEntry, _ error) error {
		if name, ok := strings.CutSuffix(strings.TrimPrefix(file, dir+"/"), ".json"); ok {
			names = append(names, name)
		}
		return nil
	})
	return names
}

// sampleDir returns the directory of a scheme's samples.
func sampleDir(scheme string) string {
	dir := path.Join("samples", scheme)
	if _, err := fs.Stat(samples, dir); err != nil || scheme == "" {
		return path.Join("samples", plain)
	}
	return dir
}

// Sample returns a sample event as its provider would send it at time t. The ids
// in the event are made of random. If there is no such sample, the error is an
// *UnknownError.
func Sample(scheme, name string, t time.Time, random [16]byte) (Message, error) {
	if names := Samples(scheme); !slices.Contains(names, name) {
		return Message{}, &UnknownError{scheme, name, names}
	}
	data, err := samples.ReadFile(path.Join(sampleDir(scheme), name) + ".json")
	if err != nil {
		return Message{}, err
	}
	var file struct {
		Header map[string]string
		Body   json.RawMessage
		Form   json.RawMessage
	}
	if err := json.Unmarshal(fill(data, t, random), &file); err != nil {
		return Message{}, fmt.Errorf("sample %s of %s: %w", name, scheme, err)
	}
	message := Message{Header: file.Header}
	if file.Form != nil {
		message.Body, err = form(file.Form)
		return message, err
	}
	var body bytes.Buffer
	err = json.Compact(&body, file.Body)
	message.Body = body.Bytes()
	return message, err
}

// fill replaces each ${name} in a sample with its value. "${unix}", "${unixMilli}"
// and "${number}" become numbers, without the quotes.
func fill(text []byte, t time.Time, random [16]byte) []byte {
	t = t.UTC()
	// Version 4, variant 1: RFC 9562, section 5.4.
	id := random
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	digits := hex.EncodeToString(id[:])
	uuid := strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")

	var n uint64
	for _, b := range random[:8] {
		n = n<<8 | uint64(b)
	}
	unix, milli := strconv.FormatInt(t.Unix(), 10), strconv.FormatInt(t.UnixMilli(), 10)
	number := strconv.FormatUint(1e11+n%9e11, 10) // 12 digits, which are exact in a float64
	return []byte(strings.NewReplacer(
		`"${unix}"`, unix, `"${unixMilli}"`, milli, `"${number}"`, number,
		"${unix}", unix, "${unixMilli}", milli, "${number}", number,
		"${time}", t.Format("2006-01-02T15:04:05.000Z"),
		"${rfc1123}", t.Format(time.RFC1123Z),
		"${uuid}", uuid,
		"${hex32}", hex.EncodeToString(random[:]),
		"${id}", hex.EncodeToString(random[:12]),
		"${digits}", strconv.FormatUint(1e17+n%9e17, 10), // 18 digits
	).Replace(string(text)))
}

// form encodes a JSON object of strings as a form, in the order of its members.
func form(object json.RawMessage) ([]byte, error) {
	members, err := members(object)
	if err != nil {
		return nil, err
	}
	var fields []string
	for _, m := range members {
		var value string
		if err := json.Unmarshal(m.value, &value); err != nil {
			return nil, err
		}
		fields = append(fields, url.QueryEscape(m.name)+"="+url.QueryEscape(value))
	}
	return []byte(strings.Join(fields, "&")), nil
}
