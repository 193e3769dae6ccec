package generator

import (
	"bytes"
	"path"
	"strconv"
	"strings"
	"text/template"

	"github.com/fngen/fngen/templates"
)

// EditorDir is the directory of a project's settings of VS Code.
const EditorDir = ".vscode"

// EditorFiles returns the paths of the files that [Editor] plans.
func EditorFiles() []string {
	return []string{path.Join(EditorDir, "launch.json"), path.Join(EditorDir, "tasks.json")}
}

// Editor returns the plan that writes tasks and launch settings of VS Code, for
// functions that run under a debugger on the port. The contents of existing
// files are given by path. They are kept, because JSON with comments cannot be
// merged without losing them: add has what the user can copy into those that
// lack fngen's settings.
func Editor(port int, existing map[string][]byte) (plan Plan, add []File, err error) {
	parsed, err := template.New("editor").Option("missingkey=error").ParseFS(templates.Editor, "editor/*.tmpl")
	if err != nil {
		return Plan{}, nil, err
	}
	for _, name := range EditorFiles() {
		var text bytes.Buffer
		data := struct{ DebugPort int }{port}
		if err := parsed.ExecuteTemplate(&text, path.Base(name)+".tmpl", data); err != nil {
			return Plan{}, nil, err
		}
		file := File{Path: name, Action: Create, Data: text.Bytes()}
		if have, exists := existing[name]; exists {
			file.Action = Unchanged
			if !bytes.Equal(have, file.Data) {
				file.Action = Keep
				if !strings.Contains(string(have), `"fngen dev"`) || !strings.Contains(string(have), strconv.Itoa(port)) {
					add = append(add, file)
				}
			}
		}
		plan.Files = append(plan.Files, file)
	}
	return plan, add, nil
}
