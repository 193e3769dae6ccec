package fn_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
)

const urlencoded = "application/x-www-form-urlencoded"

func post(contentType, body string) events.APIGatewayProxyRequest {
	return events.APIGatewayProxyRequest{Headers: map[string]string{"content-type": contentType}, Body: body}
}

func encoded(event events.APIGatewayProxyRequest) events.APIGatewayProxyRequest {
	event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(event.Body)), true
	return event
}

func TestForm(t *testing.T) {
	for name, tt := range map[string]struct {
		event events.APIGatewayProxyRequest
		want  url.Values
	}{
		"slack": {
			post(urlencoded, "command=%2Fweather&text=94070&text=2"),
			url.Values{"command": {"/weather"}, "text": {"94070", "2"}},
		},
		"twilio": {
			post(urlencoded+"; charset=UTF-8", "From=%2B1415&Body=a+b%26c"),
			url.Values{"From": {"+1415"}, "Body": {"a b&c"}},
		},
		"type in capitals": {post(strings.ToUpper(urlencoded), "a=1"), url.Values{"a": {"1"}}},
		"empty":            {post(urlencoded, ""), url.Values{}},
		"not UTF-8":        {post(urlencoded, "a=%ff"), url.Values{"a": {"\xff"}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, event := range []events.APIGatewayProxyRequest{tt.event, encoded(tt.event)} {
				form, err := fn.Form(event)
				require.NoError(t, err)
				assert.Equal(t, tt.want, form.Values)
				assert.Empty(t, form.Files)
			}
		})
	}
}

// upload returns a multipart form with a field and a file.
func upload(t testing.TB, file []byte) events.APIGatewayProxyRequest {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	require.NoError(t, w.WriteField("title", "A picture"))
	part, err := w.CreateFormFile("file", "../../picture.png")
	require.NoError(t, err)
	_, err = part.Write(file)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return encoded(post(w.FormDataContentType(), body.String()))
}

func TestFormUpload(t *testing.T) {
	t.Setenv("TMPDIR", "/nowhere") // writing a temporary file would fail
	file := bytes.Repeat([]byte("\x89PNG\r\n\x00"), 700_000)
	form, err := fn.Form(upload(t, file))
	require.NoError(t, err)
	assert.Equal(t, "A picture", form.Get("title"))
	require.Len(t, form.Files["file"], 1)
	header := form.Files["file"][0]
	assert.Equal(t, "picture.png", header.Filename, "the directory is removed from a file name")
	opened, err := header.Open()
	require.NoError(t, err)
	got, err := io.ReadAll(opened)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(file, got))
}

func TestFormErrors(t *testing.T) {
	large := strings.Repeat("a", 10<<20)
	malformed := encoded(post(urlencoded, "a=1"))
	malformed.Body = "not base64!"
	for name, tt := range map[string]struct {
		event events.APIGatewayProxyRequest
		want  string
	}{
		"no content type":        {events.APIGatewayProxyRequest{Body: "a=1"}, "content type"},
		"wrong content type":     {post("application/json", "{}"), "application/json"},
		"malformed content type": {post("text/\xff;;", "a=1"), "content type"},
		"malformed escape":       {post(urlencoded, "a=%zz"), "%zz"},
		"semicolon":              {post(urlencoded, "a=1;b=2"), "semicolon"},
		"malformed base64":       {malformed, "base64"},
		"too large":              {post(urlencoded, "a="+large), "10485760 bytes"},
		"too large, encoded":     {encoded(post(urlencoded, "a="+large)), "10485760 bytes"},
		"too many fields":        {post(urlencoded, strings.Repeat("a=1&", 1000)), "1000 fields"},
		"no boundary":            {post("multipart/form-data", "--x--"), "boundary"},
		"truncated": {
			post("multipart/form-data; boundary=x",
				"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1"), "form",
		},
		"wrong boundary": {post("multipart/form-data; boundary=y", "--x\r\n\r\n1\r\n--x--"), "form"},
		"malformed part": {post("multipart/form-data; boundary=x", "--x\r\nno header\r\n--x--"), "form"},
		"too many parts": {
			post("multipart/form-data; boundary=x",
				strings.Repeat("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n", 1001)+"--x--"),
			"too large",
		},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := fn.Form(tt.event)
			require.Error(t, err)
			assert.ErrorContains(t, err, tt.want)
			assert.Zero(t, form)
		})
	}
}

// FuzzForm checks that Form never panics and returns no more than was sent.
func FuzzForm(f *testing.F) {
	f.Add(urlencoded, "a=1&b=%20", false)
	f.Add("multipart/form-data; boundary=x",
		"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n1\r\n--x--", false)
	f.Add("multipart/form-data; boundary=x", "LS14LS0=", true)
	f.Add("multipart/form-data; boundary=\"\"", "----", false)
	f.Add("", "", false)
	f.Fuzz(func(t *testing.T, contentType, body string, isBase64 bool) {
		event := post(contentType, body)
		event.IsBase64Encoded = isBase64
		form, err := fn.Form(event)
		if err != nil {
			require.Zero(t, form)
			return
		}
		size := 0
		for name, values := range form.Values {
			size += len(name) + len(strings.Join(values, ""))
		}
		for _, files := range form.Files {
			for _, file := range files {
				size += int(file.Size)
			}
		}
		require.LessOrEqual(t, size, len(body))
	})
}
