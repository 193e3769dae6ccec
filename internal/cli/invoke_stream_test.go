package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTerminalWriter(t *testing.T) {
	for name, tt := range map[string]struct {
		chunks []string
		want   string
	}{
		"lines":             {[]string{"a\n", "b\n"}, "a\nb\n"},
		"no newline":        {[]string{"a", "b"}, "ab"},
		"control":           {[]string{"\x1b[", "31m"}, `\x1b[31m`},
		"split character":   {[]string{"\xe2", "\x82", "\xac!"}, "€!"},
		"invalid character": {[]string{"\xff\xff", "x"}, "��x"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			w := &terminalWriter{w: &out}
			for _, chunk := range tt.chunks {
				n, err := w.Write([]byte(chunk))
				require.NoError(t, err)
				assert.Equal(t, len(chunk), n)
			}
			assert.Equal(t, tt.want, out.String())
		})
	}
}
