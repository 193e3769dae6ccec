package e2e

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// printed runs a command on a terminal and returns what it prints, with the
// terminal's line ends replaced.
func printed(t *testing.T, dir string, environment []string, args ...string) string {
	t.Helper()
	const end = "[end of the output]"
	p, screen, _, _ := onTerminal(t, dir, args...)
	p.Env = append(p.Env, environment...)
	tty := p.Stdout
	<-p.begin(t)
	_, err := tty.Write([]byte(end))
	assert.NoError(t, err)
	text := screen.next(t, end)
	return strings.ReplaceAll(strings.TrimSuffix(text, end), "\r\n", "\n")
}

// lastLines returns the last n lines of text.
func lastLines(text string, n int) []string {
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-n):]
}

// TestTerminalReport checks what a terminal gets and a pipe does not: colors, a
// count of the files that stay, and the next steps.
func TestTerminalReport(t *testing.T) {
	dir := newModule(t)
	text := printed(t, dir, nil, "function", "billing", "--webhook=stripe")
	assert.Contains(t, text, "\x1b[32mcreate\x1b[0m     api/src/functions/billing/billing.go\n")
	assert.Contains(t, text, "\x1b[33mmodify\x1b[0m     go.mod\n")
	assert.Equal(t, []string{
		"",
		"\x1b[1mroute\x1b[0m  /billing",
		"\x1b[1mtest\x1b[0m   go test ./api/src/functions/billing",
		"\x1b[1mset\x1b[0m    STRIPE_WEBHOOK_SECRET in .env, as Stripe has it, or to try it:",
		`       echo "STRIPE_WEBHOOK_SECRET=$(fngen secret)" >> .env`,
		"\x1b[1mcall\x1b[0m   fngen invoke billing" +
			` --data '{"id":"evt_1","type":"checkout.session.completed"}' --webhook`,
		"",
	}, lastLines(text, 7))

	text = printed(t, dir, nil, "function", "users", "--route=PUT /users/{id}", "--input=name:string,age:int?")
	assert.Regexp(t, `\n\x1b\[2mkeep\x1b\[0m       \d existing files\n\n`, text)
	assert.NotContains(t, text, "fntest.go")
	assert.Contains(t, text, "\x1b[1mcall\x1b[0m   fngen invoke users --path /users/1 --method PUT"+
		` --data '{"name":"example","age":1}'`+"\n")

	text = printed(t, dir, nil, "functoin")
	assert.Equal(t, "\x1b[31mfngen:\x1b[0m unknown command \"functoin\" for fngen\n\x1b[36mhint:\x1b[0m fngen function\n", text)
}

// TestTerminalWithoutColor checks that NO_COLOR and a terminal that cannot show
// colors get the same text without escape sequences.
func TestTerminalWithoutColor(t *testing.T) {
	dir := newModule(t)
	colors := regexp.MustCompile(`\x1b\[\d+m`)
	for _, args := range [][]string{
		{"function", "divide", "--auth", "--dry-run"}, {"help"}, {"list", "-x"}, {"add", "--list"}, {"info"}, {"add"},
	} {
		want := printed(t, dir, nil, args...)
		assert.Regexp(t, colors, want, args)
		for _, variable := range []string{"NO_COLOR=1", "TERM=dumb"} {
			assert.Equal(t, colors.ReplaceAllString(want, ""), printed(t, dir, []string{variable}, args...), args)
		}
	}
}
