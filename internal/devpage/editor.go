package devpage

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// An Editor is a program whose URLs open files.
type Editor string

// The editors whose URLs are known.
const (
	VSCode   Editor = "vscode"
	IDEA     Editor = "idea" // also GoLand
	NoEditor Editor = "none"
)

// DetectEditor returns the editor that the environment names. The default is
// VS Code.
func DetectEditor(env func(name string) string) Editor {
	if env("TERM_PROGRAM") == "vscode" {
		return VSCode
	}
	if strings.Contains(env("TERMINAL_EMULATOR"), "JetBrains") {
		return IDEA
	}
	for _, variable := range []string{"VISUAL", "EDITOR"} {
		command, _, _ := strings.Cut(env(variable), " ")
		switch strings.TrimSuffix(filepath.Base(command), ".exe") {
		case "idea", "idea64", "goland", "goland64":
			return IDEA
		}
	}
	return VSCode
}

// URL returns the URL that opens a file, given by its absolute path, at a line
// and a column. A column of 0 is the first one. URL returns "" if there is no
// editor.
func (e Editor) URL(file string, line, column int) string {
	file = filepath.ToSlash(file)
	if !strings.HasPrefix(file, "/") { // a drive of Windows
		file = "/" + file
	}
	line, column = max(line, 1), max(column, 1)
	switch e {
	case VSCode:
		return fmt.Sprintf("vscode://file%s:%d:%d", (&url.URL{Path: file}).EscapedPath(), line, column)
	case IDEA:
		return fmt.Sprintf("idea://open?file=%s&line=%d&column=%d", url.QueryEscape(file), line, column)
	}
	return ""
}
