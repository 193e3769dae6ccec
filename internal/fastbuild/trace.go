package fastbuild

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/fngen/fngen/internal/overlay"
)

// A state describes a program as it was built: how to build it, and from what.
type state struct {
	overlay overlay.Overlay
	pkg     string // as named in [Builder.Build]

	packages map[string]*goPackage // all but those of the standard library, by import path
	main     string                // import path of the main package
	mainID   string                // build ID of the main package: action ID/content ID
	link     *command
	linkHash hashInput
	modinfo  string            // of the linker's configuration
	objects  map[string]string // files that the packages are compiled to, by import path

	dirs   []string // that snapshot reads
	trees  []string // that snapshot reads with all subdirectories
	files  snapshot // what was built; nil if that is not known
	broken bool     // the trace does not say all that is needed

	workspace string      // the go.work file, or ""
	binary    os.FileInfo // of the program
}

// A goPackage is a package of the program.
type goPackage struct {
	dir     string
	fixed   bool // in the module cache
	hash    hashInput
	compile *command // nil if it is not known
}

// A command is a command of the compiler or the linker, without files.
type command struct {
	tool string
	args []string
}

// compiler returns the compiler that belongs to a linker.
func (c *command) compiler() string {
	return filepath.Join(filepath.Dir(c.tool), "compile"+filepath.Ext(c.tool))
}

// A hashInput is what the go command hashes to compute an action ID.
type hashInput []string

// id returns the action ID.
func (h hashInput) id() string {
	sum := sha256.Sum256([]byte(strings.Join(h, "")))
	return shortHash(sum)
}

// shortHash returns a hash as it appears in build IDs.
func shortHash(sum [sha256.Size]byte) string { return base64.RawURLEncoding.EncodeToString(sum[:15]) }

// value returns the rest of the first line that begins with prefix.
func (h hashInput) value(prefix string) (string, bool) {
	for _, line := range h {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return strings.TrimSuffix(rest, "\n"), true
		}
	}
	return "", false
}

// replace returns a copy of h with the rest of the line that begins with prefix
// replaced, or h if there is none.
func (h hashInput) replace(prefix, rest string) hashInput {
	i := slices.IndexFunc(h, func(line string) bool { return strings.HasPrefix(line, prefix) })
	if i < 0 {
		return h
	}
	h = slices.Clone(h)
	h[i] = prefix + rest + "\n"
	return h
}

// files returns the hashes of the package's files, by name.
func (h hashInput) files() map[string]string {
	files := map[string]string{}
	for _, line := range h {
		rest, ok := strings.CutPrefix(line, "file ")
		if i := strings.LastIndex(rest, " "); ok && i > 0 {
			files[rest[:i]] = strings.TrimSuffix(rest[i+1:], "\n")
		}
	}
	return files
}

// imports returns the packages that the package imports, sorted.
func (h hashInput) imports() []string {
	var imports []string
	for _, line := range h {
		if rest, ok := strings.CutPrefix(line, "import "); ok && !strings.HasPrefix(rest, `"`) {
			path, _, _ := strings.Cut(rest, " ")
			imports = append(imports, path)
		}
	}
	slices.Sort(imports)
	return imports
}

// parseTrace parses what [overlay.Overlay.Trace] returns. Packages in the module
// cache and in the standard library never change.
func parseTrace(trace, moduleCache string) *state {
	s := &state{packages: map[string]*goPackage{}, objects: map[string]string{}}
	hashes := map[string]hashInput{} // by what is hashed, such as "build net/http"
	sums := map[string]string{}
	commands := map[string]*command{} // by import path
	cached := map[string]string{}     // files in the build cache, by their name in the working directory
	work := ""
	scanner := bufio.NewScanner(strings.NewReader(trace))
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		line := scanner.Text()
		if rest, ok := strings.CutPrefix(line, "HASH["); ok {
			name, data, isData := strings.Cut(rest, "]: ")
			switch {
			case !strings.HasPrefix(name, "build ") && !strings.HasPrefix(name, "link "):
			case !isData:
				hashes[strings.TrimSuffix(name, "]")] = nil
			case strings.HasPrefix(data, `"`):
				text, err := strconv.Unquote(data)
				s.broken = s.broken || err != nil
				hashes[name] = append(hashes[name], text)
			default:
				sums[name] = data
			}
			continue
		}
		if rest, ok := strings.CutPrefix(line, "WORK="); ok {
			work = rest
		} else if rest, ok := strings.CutPrefix(line, "packagefile "); ok {
			path, file, _ := strings.Cut(rest, "=")
			s.objects[path] = file // the linker's configuration comes last, and has all packages
		} else if strings.HasPrefix(line, "modinfo ") {
			s.modinfo = line
		} else if rest, ok := strings.CutPrefix(line, "cp $WORK"); ok {
			from, to, _ := strings.Cut(strings.TrimSuffix(rest, " # internal"), " ")
			cached[work+filepath.FromSlash(from)] = to
		} else if before, _, ok := strings.Cut(line, " -pack "); ok {
			if path, c := parseCompile(before); c != nil {
				commands[path] = c
			}
		} else if strings.Contains(line, " -importcfg $WORK") && strings.Contains(line, "/importcfg.link ") {
			s.link = parseLink(line)
		}
	}
	for path, file := range s.objects {
		if to, ok := cached[file]; ok {
			s.objects[path] = to
		}
	}
	for name, input := range hashes {
		full := sha256.Sum256([]byte(strings.Join(input, "")))
		if sums[name] != hex.EncodeToString(full[:]) {
			s.broken = true // the trace was misread
			return s
		}
		if path, ok := strings.CutPrefix(name, "link "); ok {
			s.main, s.linkHash = path, input
			continue
		}
		s.addPackage(strings.TrimPrefix(name, "build "), input, moduleCache)
	}
	for path, c := range commands {
		if path == "main" {
			path = s.main
		}
		if p := s.packages[path]; p != nil && toolName(c.tool) == "compile" {
			p.compile = c
		}
	}
	s.mainID, _ = s.linkHash.value("packagemain ")
	_, hasExperiment := s.linkHash.value("GOEXPERIMENT=")
	extlink, _ := s.linkHash.value("GO_EXTLINK_ENABLED=")
	main := s.packages[s.main]
	if main == nil || s.link == nil || toolName(s.link.tool) != "link" || hasExperiment || extlink != "" || !strings.HasPrefix(s.mainID, main.hash.id()+"/") {
		s.broken = true
	}
	return s
}

// toolName returns the name of a tool. It is not the compiler's or the linker's
// if the flag -toolexec is set.
func toolName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".exe") }

// addPackage adds a package, and the directories that its files are in if the
// user may edit it.
func (s *state) addPackage(path string, input hashInput, moduleCache string) {
	dir, ok := input.value("dir ")
	if !ok {
		properties, _ := input.value("omitdebug ")
		s.broken = s.broken || !strings.Contains(properties, " standard true ")
		return
	}
	p := &goPackage{dir: dir, fixed: isIn(dir, moduleCache), hash: input}
	s.packages[path] = p
	if p.fixed {
		return
	}
	s.dirs = append(s.dirs, dir)
	for name := range input.files() {
		if !isSource(name) {
			s.trees = append(s.trees, dir) // the package embeds files
			break
		}
	}
}

// addCommands adds the commands of another state that s does not have.
func (s *state) addCommands(other *state) {
	for path, p := range s.packages {
		if old := other.packages[path]; p.compile == nil && old != nil {
			p.compile = old.compile
		}
	}
}

func (s *state) clone() *state {
	c := *s
	c.packages, c.objects = maps.Clone(s.packages), maps.Clone(s.objects)
	return &c
}

// parseCompile parses the command that compiles a package, without its files.
// The command is nil if it needs more than Go files.
func parseCompile(line string) (path string, c *command) {
	before, after, ok := strings.Cut(line, ` -trimpath "`)
	_, after, closed := strings.Cut(after, `"`)
	line = before + after
	fields := strings.Fields(line)
	if !ok || !closed || strings.ContainsAny(line, `"'\`) || len(fields) == 0 {
		return "", nil
	}
	c = &command{tool: fields[0]}
	for i := 1; i < len(fields); i++ {
		switch arg := fields[i]; arg {
		case "-o", "-buildid", "-importcfg":
			i++ // differs from build to build
		case "-p":
			path = fields[i+1]
			fallthrough
		default:
			if strings.Contains(arg, "$WORK") {
				return "", nil
			}
			c.args = append(c.args, arg)
		}
	}
	return path, c
}

// parseLink parses the linker's command. It returns nil if that is in doubt.
func parseLink(line string) *command {
	c := &command{}
	if rest, ok := strings.CutPrefix(line, "GOROOT='"); ok {
		_, line, _ = strings.Cut(rest, "' ") // as in the hash's input
	}
	fields := strings.Fields(line)
	if strings.ContainsAny(line, `"'\`) || len(fields) < 2 {
		return nil
	}
	c.tool = fields[0]
	for i := 1; i < len(fields)-1; i++ { // the last is the main package
		switch arg := fields[i]; {
		case arg == "-o" || arg == "-importcfg":
			i++
		case strings.HasPrefix(arg, "-buildid="):
			c.args = append(c.args, "-buildid=")
		case strings.Contains(arg, "$WORK"):
			return nil
		default:
			c.args = append(c.args, arg)
		}
	}
	if !slices.Contains(c.args, "-buildid=") {
		return nil
	}
	return c
}
