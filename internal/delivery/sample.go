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
// contains the headers, except those of the signature, and either a JSON body
// or the fields of a form. The data are made up, in the format that the
// provider documents. Placeholders such as ${uuid} stand for values that differ
// between messages: see fill.
//
//go:embed samples
var samples embed.FS

// plainDir has the samples for schemes that do not belong to a provider.
const plainDir = "plain"

// A Message is an unsigned webhook request.
type Message struct {
	Header map[string]string
	Body   []byte
}

// An UnknownError reports a sample that does not exist, and lists those that
// do.
type UnknownError struct {
	Scheme, Name string
	Names        []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown sample %q of %s, want one of %s", e.Name, e.Scheme, strings.Join(e.Names, ", "))
}

// Samples returns the sorted names of a scheme's samples.
func Samples(scheme string) []string { return namesIn(samples, sampleDir(scheme)) }

// namesIn returns the names of the samples in a directory.
func namesIn(files embed.FS, dir string) []string {
	var names []string
	// Reading an embedded directory does not fail.
	_ = fs.WalkDir(files, dir, func(file string, _ fs.DirEntry, _ error) error {
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
		return path.Join("samples", plainDir)
	}
	return dir
}

// Sample returns the named sample event as its provider would send it at the
// given time. Its id is derived from random. If there is no such sample, the
// error is an *UnknownError.
func Sample(scheme, name string, at time.Time, random [16]byte) (Message, error) {
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
	if err := json.Unmarshal(fill(data, at, random), &file); err != nil {
		return Message{}, fmt.Errorf("decoding sample %s of %s: %w", name, scheme, err)
	}
	message := Message{Header: file.Header}
	if file.Form != nil {
		message.Body, err = encodeForm(file.Form)
		return message, err
	}
	var body bytes.Buffer
	err = json.Compact(&body, file.Body)
	message.Body = body.Bytes()
	return message, err
}

// fill replaces the placeholders in a sample. A string that consists only of
// ${unix}, ${unixMilli} or ${number} becomes a number.
func fill(text []byte, at time.Time, random [16]byte) []byte {
	at = at.UTC()
	id := random // becomes a UUID of version 4, variant 1 (RFC 9562, section 5.4)
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	digits := hex.EncodeToString(id[:])
	uuid := strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")

	var n uint64
	for _, b := range random[:8] {
		n = n<<8 | uint64(b)
	}
	unix, milli := strconv.FormatInt(at.Unix(), 10), strconv.FormatInt(at.UnixMilli(), 10)
	number := strconv.FormatUint(1e11+n%9e11, 10) // 12 digits, exact as a float64
	return []byte(strings.NewReplacer(
		`"${unix}"`, unix, `"${unixMilli}"`, milli, `"${number}"`, number,
		"${unix}", unix, "${unixMilli}", milli, "${number}", number,
		"${second}", at.Format("2006-01-02T15:04:05Z"),
		"${time}", at.Format("2006-01-02T15:04:05.000Z"),
		"${rfc1123}", at.Format(time.RFC1123Z),
		"${uuid}", uuid,
		"${hex32}", hex.EncodeToString(random[:]),
		"${id}", hex.EncodeToString(random[:12]),
		"${digits}", strconv.FormatUint(1e17+n%9e17, 10), // 18 digits
	).Replace(string(text)))
}

// encodeForm encodes an object of strings as a form. It keeps their order.
func encodeForm(object json.RawMessage) ([]byte, error) {
	members, err := decodeMembers(object)
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
