package logger

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// redacted replaces the value of a secret.
const redacted = "[redacted]"

// secrets are the substrings of keys that are always redacted.
var secrets = [...]string{
	"accesskey", "accountkey", "apikey", "authorization", "connectionstring", "cookie", "credential", "databaseurl",
	"email", "encryptionkey", "jwt", "passphrase", "passwd", "password", "privatekey", "secret", "sessionid",
	"signingkey", "token",
}

// secretWords are the words that are too short to be in secrets: "pass" matches
// SMTP_PASS but not passenger.
var secretWords = [...]string{"dsn", "pass", "pwd", "salt"}

// A redactor replaces the values of secret keys.
type redactor struct {
	keys []string // configured keys, in lower case and without separators
}

func newRedactor(keys []string) *redactor {
	r := &redactor{}
	for _, key := range keys {
		if joined := strings.Join(words(key), ""); joined != "" {
			r.keys = append(r.keys, joined)
		}
	}
	return r
}

// matches reports whether the value of a key is a secret.
func (r *redactor) matches(key string) bool {
	words := words(key)
	joined := strings.Join(words, "")
	for _, secret := range secrets {
		if strings.Contains(joined, secret) {
			return true
		}
	}
	for _, secret := range secretWords {
		if slices.Contains(words, secret) {
			return true
		}
	}
	// A configured key matches consecutive whole words: "pin" matches cardPin
	// but not shipping.
	for _, secret := range r.keys {
		for i := range words {
			for rest, j := secret, i; j < len(words) && strings.HasPrefix(rest, words[j]); j++ {
				if rest = rest[len(words[j]):]; rest == "" {
					return true
				}
			}
		}
	}
	return false
}

// words splits a key into words in lower case. X-Card-Number, card_number,
// cardNumber and CARDNumber all contain the words card and number.
func words(key string) []string {
	var found []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			found = append(found, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(key)
	for i, c := range runes {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			end()
			continue
		}
		if unicode.IsUpper(c) && i > 0 {
			startsWord := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if !unicode.IsUpper(runes[i-1]) || startsWord {
				end()
			}
		}
		word = append(word, c)
	}
	end()
	return found
}

// text redacts what a string says about secrets: the passwords of URLs, and the
// values after a secret key and an equals sign, as in the query of a URL, a form
// or a connection string.
func (r *redactor) text(s string) string {
	if strings.Contains(s, "://") {
		s = redactURLs(s)
	}
	if strings.Contains(s, "=") {
		s = r.redactPairs(s)
	}
	return s
}

// redactURLs redacts the passwords of the URLs in a text.
func redactURLs(s string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "://")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString("://")
		end := strings.IndexFunc(rest, unicode.IsSpace)
		if end < 0 {
			end = len(rest)
		}
		if from, to, ok := password(rest[:end]); ok {
			b.WriteString(rest[:from] + redacted)
			rest = rest[to:]
		}
		s = rest
	}
}

// password returns the position of the password in a URL without its scheme.
// A password may contain characters that it should have percent-encoded.
func password(url string) (from, to int, ok bool) {
	colon := strings.IndexByte(url, ':')
	if colon < 0 || strings.ContainsAny(url[:colon], "/?#@[") {
		return 0, 0, false
	}
	from = colon + 1
	end := strings.IndexAny(url, "/?#")
	if end < 0 {
		end = len(url)
	}
	to = strings.LastIndexByte(url[:end], '@')
	if to < 0 && !isPort(url[from:end]) {
		to = strings.LastIndexByte(url, '@')
	}
	return from, to, to >= from
}

func isPort(s string) bool { return strings.Trim(s, "0123456789") == "" }

// redactPairs redacts the values of secret keys in a text of key=value pairs.
func (r *redactor) redactPairs(s string) string {
	var b strings.Builder
	for {
		before, value, ok := strings.Cut(s, "=")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteByte('=')
		s = value
		trimmed := strings.TrimRight(before, " ")
		start := strings.LastIndexFunc(trimmed, notInKey) + 1
		if !r.matches(trimmed[start:]) {
			continue
		}
		inQuery := start > 0 && (trimmed[start-1] == '?' || trimmed[start-1] == '&')
		if end := valueLength(value, inQuery); end > 0 {
			b.WriteString(redacted)
			s = value[end:]
		}
	}
}

// notInKey reports whether c cannot be in the key of a pair.
func notInKey(c rune) bool {
	return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("_-.%[]", c)
}

// valueLength returns the length of the value at the start of s. The value ends
// at white space or at its closing quote or, in the query of a URL, at the next
// parameter.
func valueLength(s string, inQuery bool) int {
	if inQuery {
		if end := strings.IndexAny(s, "&#\"' \t\r\n"); end >= 0 {
			return end
		}
		return len(s)
	}
	spaces := len(s) - len(strings.TrimLeft(s, " "))
	rest := s[spaces:]
	if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
		for i := 1; i < len(rest); i++ {
			switch rest[i] {
			case '\\':
				i++
			case rest[0]:
				return spaces + i + 1
			}
		}
		return len(s)
	}
	if end := strings.IndexFunc(rest, unicode.IsSpace); end >= 0 {
		return spaces + end
	}
	return len(s)
}

// isJSON reports whether a string is a JSON object or list.
func isJSON(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && (s[0] == '{' || s[0] == '[') && json.Valid([]byte(s))
}
