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

// samples has a folder for each provider, and in it a file for each event: the headers that come with it, besides
// those of the signature, and the JSON or the fields of the form. They are invented, in the shape that the providers
// document. What differs from one message to the next is a ${name} in them, for which see [Sample].
//
//go:embed samples
var samples embed.FS

// plain is the folder of the schemes that are no provider's.
const plain = "plain"

// A Message is what a sender posts, before it is signed.
type Message struct {
	Header map[string]string
	Body   []byte
}

// An UnknownError says that there is no sample of that name, and which there are.
type UnknownError struct {
	Scheme, Name string
	Names        []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("%s has no sample %q: want one of %s", e.Scheme, e.Name, strings.Join(e.Names, ", "))
}

// Samples are the names of a scheme's samples, sorted.
func Samples(scheme string) []string {
	var names []string
	dir := folder(scheme)
	// What is embedded can be read.
	_ = fs.WalkDir(samples, dir, func(file string, _ fs.DirEntry, _ error) error {
		if name, ok := strings.CutSuffix(strings.TrimPrefix(file, dir+"/"), ".json"); ok {
			names = append(names, name)
		}
		return nil
	})
	return names
}

func folder(scheme string) string {
	dir := path.Join("samples", scheme)
	if _, err := fs.Stat(samples, dir); err != nil || scheme == "" {
		return path.Join("samples", plain)
	}
	return dir
}

// Sample is an event as its sender would post it at that time. random is what makes its id one of its own.
// The error is an *UnknownError.
func Sample(scheme, name string, at time.Time, random [16]byte) (Message, error) {
	if names := Samples(scheme); !slices.Contains(names, name) {
		return Message{}, &UnknownError{scheme, name, names}
	}
	data, err := samples.ReadFile(path.Join(folder(scheme), name) + ".json")
	if err != nil {
		return Message{}, err
	}
	var file struct {
		Header map[string]string
		Body   json.RawMessage
		Form   json.RawMessage
	}
	if err := json.Unmarshal(fill(data, at, random), &file); err != nil {
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

// fill puts values in the place of the names. A string that is nothing but one of some becomes a number.
func fill(text []byte, at time.Time, random [16]byte) []byte {
	at = at.UTC()
	// Version 4, variant 1: RFC 9562, section 5.4.
	id := random
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	digits := hex.EncodeToString(id[:])
	uuid := strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")

	var n uint64
	for _, b := range random[:8] {
		n = n<<8 | uint64(b)
	}
	unix, milli := strconv.FormatInt(at.Unix(), 10), strconv.FormatInt(at.UnixMilli(), 10)
	number := strconv.FormatUint(1e11+n%9e11, 10) // 12 digits, which every JSON reader keeps
	return []byte(strings.NewReplacer(
		`"${unix}"`, unix, `"${unixMilli}"`, milli, `"${number}"`, number,
		"${unix}", unix, "${unixMilli}", milli, "${number}", number,
		"${time}", at.Format("2006-01-02T15:04:05.000Z"),
		"${rfc1123}", at.Format(time.RFC1123Z),
		"${uuid}", uuid,
		"${hex32}", hex.EncodeToString(random[:]),
		"${id}", hex.EncodeToString(random[:12]),
		"${digits}", strconv.FormatUint(1e17+n%9e17, 10), // 18 digits
	).Replace(string(text)))
}

// form writes an object of strings as a form, in its order.
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
