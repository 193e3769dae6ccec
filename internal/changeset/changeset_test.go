package changeset_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/changeset"
)

// functions is the parent of the staging directory in tests.
const functions = "api/src/functions"

// A disk is a root that counts operations and can make them fail.
type disk struct {
	*os.Root
	count   int
	last    string // the last operation
	noLinks bool   // Link is not supported

	// before is called before each operation, if it is not nil. If it
	// returns an error, the operation fails with it.
	before func() error
	// shortWrites makes a WriteFile that fails write half of the data.
	shortWrites bool
	// after is called after each operation, if it is not nil.
	after func()
}

func (d *disk) do(op, name string, operation func() error) error {
	d.count++
	d.last = op + " " + name
	if d.after != nil {
		defer d.after()
	}
	if d.before != nil {
		if err := d.before(); err != nil {
			return &fs.PathError{Op: op, Path: name, Err: err}
		}
	}
	return operation()
}

func (d *disk) Lstat(name string) (info fs.FileInfo, err error) {
	err = d.do("lstat", name, func() error { info, err = d.Root.Lstat(name); return err })
	return info, err
}

func (d *disk) Open(name string) (file *os.File, err error) {
	err = d.do("open", name, func() error { file, err = d.Root.Open(name); return err })
	return file, err
}

func (d *disk) Mkdir(name string, perm fs.FileMode) error {
	return d.do("mkdir", name, func() error { return d.Root.Mkdir(name, perm) })
}

func (d *disk) WriteFile(name string, data []byte, perm fs.FileMode) error {
	err := d.do("write", name, func() error { return d.Root.WriteFile(name, data, perm) })
	if err != nil && d.shortWrites {
		return errors.Join(err, d.Root.WriteFile(name, data[:len(data)/2], perm))
	}
	return err
}

func (d *disk) Chmod(name string, mode fs.FileMode) error {
	return d.do("chmod", name, func() error { return d.Root.Chmod(name, mode) })
}

func (d *disk) Link(old, new string) error {
	return d.do("link", old, func() error {
		if d.noLinks {
			return errors.ErrUnsupported
		}
		return d.Root.Link(old, new)
	})
}

func (d *disk) Rename(old, new string) error {
	return d.do("rename", old, func() error { return d.Root.Rename(old, new) })
}

func (d *disk) Remove(name string) error {
	return d.do("remove", name, func() error { return d.Root.Remove(name) })
}

func (d *disk) RemoveAll(name string) error {
	return d.do("removeall", name, func() error { return d.Root.RemoveAll(name) })
}

func (d *disk) Stage(dir string) (stage changeset.Stage, err error) {
	err = d.do("stage", dir, func() error {
		root, err := d.OpenRoot(dir)
		stage = &staging{disk: d, root: root}
		return err
	})
	return stage, err
}

// A staging is the staging directory of a disk, whose operations it counts and
// makes fail.
type staging struct {
	*disk
	root *os.Root
}

func (s *staging) Mkdir(name string, perm fs.FileMode) error {
	return s.do("mkdir", name, func() error { return s.root.Mkdir(name, perm) })
}

func (s *staging) WriteFile(name string, data []byte, perm fs.FileMode) error {
	err := s.do("write", name, func() error { return s.root.WriteFile(name, data, perm) })
	if err != nil && s.shortWrites {
		return errors.Join(err, s.root.WriteFile(name, data[:len(data)/2], perm))
	}
	return err
}

func (s *staging) Chmod(name string, mode fs.FileMode) error {
	return s.do("chmod", name, func() error { return s.root.Chmod(name, mode) })
}

func (s *staging) Close() error { return s.root.Close() }

// open opens a directory as a disk.
func open(t *testing.T, dir string) *disk {
	t.Helper()
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, root.Close()) })
	return &disk{Root: root}
}

// A file is a file that exists before a test. The default mode is 0644.
type file struct {
	data string
	mode fs.FileMode
}

// newTree creates a directory with files.
func newTree(t *testing.T, files map[string]file) string {
	t.Helper()
	dir := t.TempDir()
	for name, f := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
		require.NoError(t, os.WriteFile(name, []byte(f.data), 0o666))
		require.NoError(t, os.Chmod(name, cmp.Or(f.mode, 0o644)))
	}
	return dir
}

// tree returns the modes and contents of everything below a directory, and the
// targets of symlinks.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var data []byte
		switch {
		case entry.Type().IsRegular():
			data, err = os.ReadFile(name)
		case entry.Type()&fs.ModeSymlink != 0:
			var to string
			to, err = os.Readlink(name)
			data = []byte(to)
		}
		rel, _ := filepath.Rel(dir, name)
		entries[filepath.ToSlash(rel)] = fmt.Sprintf("%v %s", info.Mode(), data)
		return err
	}))
	return entries
}

// deleteStage removes the staging directories from a tree.
func deleteStage(entries map[string]string) {
	maps.DeleteFunc(entries, func(name, _ string) bool { return strings.HasPrefix(name, functions+"/.fngen-") })
}

func write(name, data string) changeset.Change {
	return changeset.Change{Path: name, Data: []byte(data)}
}

func remove(name string) changeset.Change {
	return changeset.Change{Path: name, Remove: true}
}

// A changeCase is a list of changes as fngen makes them, and the files that
// exist before.
type changeCase struct {
	name    string
	before  map[string]file
	changes []changeset.Change
}

// changeCases returns typical changes. Some modes of the files are affected by
// the umask, and some are not.
func changeCases() []changeCase {
	goMod := file{"module example.com/app\n\ngo 1.22\n", 0o600}
	existing := map[string]file{
		"go.mod":               goMod,
		"go.sum":               {"old sum", 0o666},
		"fngen.sum":            {"old record", 0o664},
		"api/src/lib/fn/fn.go": {data: "package fn"},
	}
	with := func(files map[string]file) map[string]file {
		all := maps.Clone(existing)
		maps.Copy(all, files)
		return all
	}
	project := []changeset.Change{write("go.sum", "new sum"), write("go.mod", "new mod"),
		write("fngen.sum", "new record")}
	function := []changeset.Change{
		write(functions+"/divide/divide.go", "package divide"),
		write(functions+"/divide/divide_scenarios_test.go", "package divide // scenarios"),
		write(functions+"/divide/divide_test.go", "package divide // test"),
	}
	return []changeCase{
		{"first function", map[string]file{"go.mod": goMod}, slices.Concat(
			[]changeset.Change{
				write("api/src/lib/fn/fn.go", "package fn"),
				write("api/src/lib/webhooks/scheme.go", "package webhooks // scheme"),
				write("api/src/lib/webhooks/webhooks.go", "package webhooks"),
			}, project, function)},
		{"another function", with(map[string]file{functions + "/hello/hello.go": {data: "package hello"}}),
			slices.Concat(project, function)},
		{"function in an existing directory", with(map[string]file{
			functions + "/divide/divide.go":      {"package divide // edited", 0o640},
			functions + "/divide/helper.go":      {data: "package divide // helper"},
			functions + "/divide/testdata/in.js": {data: "{}"},
		}), slices.Concat(project, function)},
		{"function removed", with(map[string]file{
			functions + "/divide/divide.go":      {data: "package divide"},
			functions + "/divide/divide_test.go": {"package divide // test", 0o600},
		}), []changeset.Change{
			remove(functions + "/divide/divide.go"),
			remove(functions + "/divide/divide_test.go"),
			remove(functions + "/divide/missing.go"),
			write("fngen.sum", "new record"),
		}},
		{"function removed, other files left", with(map[string]file{
			functions + "/divide/divide.go":      {data: "package divide"},
			functions + "/divide/divide_test.go": {"package divide // test", 0o600},
			functions + "/divide/helper.go":      {data: "package divide // helper"},
		}), []changeset.Change{
			remove(functions + "/divide/divide.go"),
			remove(functions + "/divide/divide_test.go"),
			write("fngen.sum", "new record"),
		}},
		{"function in a new group", existing, slices.Concat(project, []changeset.Change{
			write(functions+"/slack/events/events.go", "package events"),
			write(functions+"/slack/events/events_test.go", "package events // test"),
		})},
		{"only function of a group removed", with(map[string]file{
			functions + "/slack/events/events.go": {data: "package events"},
		}), []changeset.Change{
			remove(functions + "/slack/events/events.go"),
			write("fngen.sum", "new record"),
		}},
		{"one function of a group removed", with(map[string]file{
			functions + "/slack/events/events.go":      {data: "package events"},
			functions + "/slack/events/events_test.go": {data: "package events // test"},
			functions + "/slack/actions/actions.go":    {data: "package actions"},
		}), []changeset.Change{
			remove(functions + "/slack/events/events.go"),
			remove(functions + "/slack/events/events_test.go"),
			write("fngen.sum", "new record"),
		}},
		{"support packages updated", with(map[string]file{
			"api/src/lib/fn/gone.go":     {data: "package fn // gone"},
			"api/src/lib/auth/user.go":   {data: "package auth // the user's"},
			"api/src/lib/auth/old.go":    {data: "package auth // old"},
			"api/src/lib/renamed/old.go": {data: "package renamed // old"},
		}), []changeset.Change{
			write("api/src/lib/fn/fn.go", "package fn // new"),
			write("api/src/lib/fn/more.go", "package fn // more"),
			remove("api/src/lib/fn/gone.go"),
			write("api/src/lib/auth/new.go", "package auth // new"),
			remove("api/src/lib/auth/old.go"),
			// All files of this package are renamed.
			write("api/src/lib/renamed/new.go", "package renamed // new"),
			remove("api/src/lib/renamed/old.go"),
			write("api/src/lib/added/added.go", "package added"),
			write("fngen.sum", "new record"),
		}},
	}
}

// want returns the expected tree, made with plain file operations.
func (c changeCase) want(t *testing.T) map[string]string {
	t.Helper()
	dir := newTree(t, c.before)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, functions), 0o777))
	for _, change := range c.changes {
		name := filepath.Join(dir, filepath.FromSlash(change.Path))
		if !change.Remove {
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
			require.NoError(t, os.WriteFile(name, change.Data, 0o666))
		} else if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
			require.NoError(t, err)
			_ = os.Remove(filepath.Dir(name)) // fails unless it is empty
			if group := path.Dir(path.Dir(change.Path)); path.Dir(group) == functions {
				_ = os.Remove(filepath.Join(dir, filepath.FromSlash(group)))
			}
		}
	}
	return tree(t, dir)
}

// TestApplyIsAtomic makes each operation fail in turn, in several ways. The
// tree is unchanged afterwards, or complete if only the cleanup failed.
func TestApplyIsAtomic(t *testing.T) {
	faults := []struct {
		name                 string
		err                  error
		shortWrites, noLinks bool
	}{
		{name: "error", err: errors.New("boom")},
		{name: "disk full", err: syscall.ENOSPC, shortWrites: true},
		{name: "permission denied", err: syscall.EACCES},
		{name: "error without links", err: errors.New("boom"), noLinks: true},
	}
	for _, c := range changeCases() {
		want := c.want(t)
		for _, fault := range faults {
			t.Run(c.name+"/"+fault.name, func(t *testing.T) {
				t.Parallel()
				dir := newTree(t, c.before) // each failure leaves it unchanged for the next one
				before := tree(t, dir)
				d := open(t, dir)
				d.noLinks, d.shortWrites = fault.noLinks, fault.shortWrites
				for n := 1; ; n++ {
					var failed string
					d.count = 0
					d.before = func() error {
						if d.count != n {
							return nil
						}
						failed = d.last
						return fault.err
					}
					err := changeset.Apply(t.Context(), d, functions, c.changes)
					got := tree(t, dir)
					switch {
					case err != nil:
						require.ErrorIs(t, err, fault.err)
						require.Equal(t, before, got, "after %s failed, operation %d", failed, n)
						continue
					case strings.HasPrefix(failed, "removeall") && failed == d.last:
						deleteStage(got) // the next Apply removes it
					case failed != "":
						require.True(t, strings.HasPrefix(failed, "link"), "the failure of %s was ignored", failed)
					}
					require.Equal(t, want, got, "after %s failed, operation %d", failed, n)
					if failed == "" {
						require.Greater(t, n, 10)
						return
					}
					dir = newTree(t, c.before)
					d.Root = open(t, dir).Root
				}
			})
		}
	}
}

// TestApplyReportsFailedRollback makes all operations fail from some point on,
// so that Apply cannot roll back. Its error says so.
func TestApplyReportsFailedRollback(t *testing.T) {
	broken := errors.New("broken disk")
	for _, c := range changeCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := c.want(t)
			for n := 1; ; n++ {
				dir := newTree(t, c.before)
				before := tree(t, dir)
				d := open(t, dir)
				d.before = func() error {
					if d.count >= n {
						return broken
					}
					return nil
				}
				err := changeset.Apply(t.Context(), d, functions, c.changes)
				got := tree(t, dir)
				if err == nil {
					deleteStage(got)
					require.Equal(t, want, got)
					return
				}
				require.ErrorIs(t, err, broken)
				if !errors.As(err, new(*changeset.RollbackError)) {
					for _, entries := range []map[string]string{before, got} { // an empty directory may be left
						maps.DeleteFunc(entries, func(_, entry string) bool { return strings.HasPrefix(entry, "d") })
					}
					require.Equal(t, before, got)
				}
			}
		})
	}
}

// TestCancelledRollbackFails checks that a cancelled Apply that cannot roll
// back does not return the context's error, which would mean that nothing
// changed.
func TestCancelledRollbackFails(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d := open(t, newTree(t, nil))
	broken := errors.New("broken disk")
	d.after = func() {
		if strings.HasPrefix(d.last, "rename") {
			cancel()
		}
	}
	d.before = func() error {
		if ctx.Err() != nil {
			return broken
		}
		return nil
	}
	err := changeset.Apply(ctx, d, functions, []changeset.Change{{Path: "a.go", Data: []byte("package a\n")}})
	var failed *changeset.RollbackError
	require.ErrorAs(t, err, &failed)
	require.ErrorIs(t, failed.Cause, context.Canceled)
	require.ErrorIs(t, err, broken)
	require.NotErrorIs(t, err, context.Canceled)
}

func TestApplyCancelled(t *testing.T) {
	for _, c := range changeCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := c.want(t)
			dir := newTree(t, c.before) // each cancelled Apply leaves it unchanged
			before := tree(t, dir)
			d := open(t, dir)
			for n := 0; ; n++ {
				ctx, cancel := context.WithCancel(t.Context())
				var last string
				d.count = 0
				if n == 0 {
					cancel()
				}
				d.after = func() {
					if d.count == n {
						last = d.last
						cancel()
					}
				}
				err := changeset.Apply(ctx, d, functions, c.changes)
				cancel()
				if err != nil {
					require.ErrorIs(t, err, context.Canceled)
					require.Equal(t, context.Canceled.Error(), err.Error())
					require.Equal(t, before, tree(t, dir), "after %s, operation %d", last, n)
					continue
				}
				// Cancelled too late: the changes were complete.
				require.True(t, strings.HasPrefix(last, "removeall"), last)
				require.Equal(t, want, tree(t, dir))
				return
			}
		})
	}
}

// TestRollbackKeepsForeignFiles checks that rollback does not remove files that
// another process creates in a new directory.
func TestRollbackKeepsForeignFiles(t *testing.T) {
	dir := newTree(t, map[string]file{"go.mod": {data: "module example.com/app"}})
	ctx, cancel := context.WithCancel(t.Context())
	d := open(t, dir)
	d.after = func() {
		if d.last == "mkdir "+functions {
			assert.NoError(t, os.WriteFile(filepath.Join(dir, functions, "foreign.go"), nil, 0o666))
			cancel()
		}
	}
	err := changeset.Apply(ctx, d, functions,
		[]changeset.Change{write(functions+"/divide/divide.go", "package divide")})
	require.ErrorIs(t, err, context.Canceled)
	got := tree(t, dir)
	assert.Contains(t, got, functions+"/foreign.go")
	assert.Len(t, got, 5, "foreign.go, go.mod and three directories")
}

// TestApplyConflicts checks that conflicts are found before anything changes,
// and that nothing is written through a symlink that points outside the root.
func TestApplyConflicts(t *testing.T) {
	outside := func(t *testing.T) string {
		return newTree(t, map[string]file{
			"src/functions/divide/divide.go": {data: "package divide // foreign"},
			"functions/divide/divide.go":     {data: "package divide // foreign"},
			"divide/divide.go":               {data: "package divide // foreign"},
			"divide.go":                      {data: "package divide // foreign"},
			"go.mod":                         {data: "module example.com/other"},
		})
	}
	goMod := file{data: "module example.com/app"}
	link := func(name, to string) func(t *testing.T, dir, outside string) {
		return func(t *testing.T, dir, outside string) {
			name := filepath.Join(dir, filepath.FromSlash(name))
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
			target, err := filepath.Rel(filepath.Dir(name), filepath.Join(outside, filepath.FromSlash(to)))
			require.NoError(t, err)
			_ = os.Remove(name)
			require.NoError(t, os.Symlink(target, name))
		}
	}
	none := func(*testing.T, string, string) {}
	const handler = functions + "/divide/divide.go"
	for name, c := range map[string]struct {
		files map[string]file
		make  func(t *testing.T, dir, outside string)
	}{
		"directory at the handler's path":          {map[string]file{handler + "/x": {}}, none},
		"directory at fngen.sum":                   {map[string]file{"fngen.sum/x": {}}, none},
		"file at api":                              {map[string]file{"api": {}}, none},
		"file at the functions directory":          {map[string]file{functions: {}}, none},
		"file at the function's directory":         {map[string]file{functions + "/divide": {}}, none},
		"file at the lib directory":                {map[string]file{"api/src/lib": {}}, none},
		"file at a package directory":              {map[string]file{"api/src/lib/fn": {}}, none},
		"api points outside":                       {nil, link("api", "")},
		"functions directory points outside":       {nil, link(functions, "functions")},
		"functions directory is a broken symlink":  {nil, link(functions, "nowhere")},
		"function's directory points outside":      {nil, link(functions+"/divide", "divide")},
		"function's directory is a broken symlink": {nil, link(functions+"/divide", "nowhere")},
		"handler points outside":                   {nil, link(handler, "divide.go")},
		"handler is a broken symlink":              {nil, link(handler, "nowhere.go")},
		"go.mod points outside":                    {nil, link("go.mod", "go.mod")},
		"lib directory points outside":             {nil, link("api/src/lib", "src")},
		"support package points outside":           {nil, link("api/src/lib/fn", "divide")},
		"functions directory is an absolute symlink": {nil, func(t *testing.T, dir, outside string) {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "api", "src"), 0o777))
			require.NoError(t, os.Symlink(outside, filepath.Join(dir, filepath.FromSlash(functions))))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]file{"go.mod": goMod}
			maps.Copy(files, c.files)
			dir, outDir := newTree(t, files), outside(t)
			c.make(t, dir, outDir)
			before, beforeOut := tree(t, dir), tree(t, outDir)

			err := changeset.Apply(t.Context(), open(t, dir), functions, []changeset.Change{
				write("api/src/lib/fn/fn.go", "package fn"),
				write("go.mod", "new mod"),
				write("fngen.sum", "new record"),
				write(handler, "package divide"),
				write(functions+"/divide/divide_test.go", "package divide // test"),
			})
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "rollback failed")
			assert.Equal(t, before, tree(t, dir))
			assert.Equal(t, beforeOut, tree(t, outDir))
		})
	}
}

// TestApplyFollowsSymlinks checks that symlinks within the project are followed
// and kept.
func TestApplyFollowsSymlinks(t *testing.T) {
	dir := newTree(t, map[string]file{
		"go.mod":                     {data: "module example.com/app"},
		"code/handlers/hello/x.go":   {data: "package hello"},
		"shared/divide/helper.go":    {data: "package divide // helper"},
		"shared/divide/divide.go":    {data: "package divide"},
		"shared/multiply/handler.go": {data: "package multiply"},
	})
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "api", "src"), 0o777))
	require.NoError(t, os.Symlink("../../code/handlers", filepath.Join(dir, filepath.FromSlash(functions))))
	for _, name := range []string{"divide", "multiply"} {
		require.NoError(t, os.Symlink("../../shared/"+name, filepath.Join(dir, "code", "handlers", name)))
	}

	require.NoError(t, changeset.Apply(t.Context(), open(t, dir), functions, []changeset.Change{
		write(functions+"/new/new.go", "package new"),
		write(functions+"/divide/divide_test.go", "package divide // test"),
		remove(functions + "/divide/divide.go"),
		remove(functions + "/multiply/handler.go"),
	}))
	got := tree(t, dir)
	assert.Contains(t, got["code/handlers/new/new.go"], "package new")
	assert.Contains(t, got["shared/divide/divide_test.go"], "// test")
	assert.Contains(t, got, "shared/divide/helper.go")
	assert.NotContains(t, got, "shared/divide/divide.go")
	assert.NotContains(t, got, "shared/multiply/handler.go")
	for _, name := range []string{"divide", "multiply"} {
		assert.Contains(t, got, "code/handlers/"+name, "the symlink is kept")
	}
	for name := range got {
		assert.NotContains(t, name, ".fngen-")
	}
}

// TestApplyRemovesStaleStage checks that Apply removes the staging directory of
// a process that was killed, and nothing else.
func TestApplyRemovesStaleStage(t *testing.T) {
	dir := newTree(t, map[string]file{
		functions + "/.fngen-old/1/divide.go":   {data: "package divide"},
		functions + "/.fngen-old/2":             {data: "module example.com/app"},
		functions + "/.fngen-note":              {data: "a file, not a directory"},
		functions + "/.fngenrc/x":               {data: "a different name"},
		functions + "/hello/.fngen-deep/x":      {data: "elsewhere"},
		functions + "/hello/hello.go":           {data: "package hello"},
		"api/src/lib/fn/.fngen-nothing/fn.go":   {data: "elsewhere"},
		".fngen-nothing/here":                   {data: "elsewhere"},
		"api/src/lib/fn/testdata/.fngen-x/y.go": {data: "elsewhere"},
	})
	want := tree(t, dir)
	maps.DeleteFunc(want, func(name, _ string) bool { return strings.HasPrefix(name, functions+"/.fngen-old") })
	d := open(t, dir)
	require.NoError(t, changeset.Apply(t.Context(), d, functions, nil))
	assert.Zero(t, d.count, "without changes there is nothing to do")
	require.NoError(t, changeset.Apply(t.Context(), d, functions, []changeset.Change{remove("missing/file.go")}))
	assert.Equal(t, want, tree(t, dir))
}

func TestLock(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	project := t.TempDir()
	for name, dir := range map[string]string{
		"directory":                project,
		"temporary file":           filepath.Join(project, "missing", "directory"),
		"different temporary file": filepath.Join(project, "missing", "other"),
	} {
		t.Run(name, func(t *testing.T) {
			unlock, err := changeset.Lock(t.Context(), dir)
			require.NoError(t, err)

			waiting, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer stop()
			_, err = changeset.Lock(waiting, dir)
			require.ErrorIs(t, err, context.DeadlineExceeded, "the lock was acquired twice")

			cancelled, cancel := context.WithCancel(t.Context())
			cancel()
			_, err = changeset.Lock(cancelled, dir)
			require.ErrorIs(t, err, context.Canceled)

			acquired := make(chan error)
			go func() {
				unlock, err := changeset.Lock(t.Context(), dir)
				if err == nil {
					err = unlock()
				}
				acquired <- err
			}()
			require.NoError(t, unlock())
			require.NoError(t, <-acquired, "the next one acquires the lock")
			assert.Empty(t, tree(t, project), "nothing is left behind")
		})
	}
}

// TestApplyStaysInRoot checks that changes cannot escape the root.
func TestApplyStaysInRoot(t *testing.T) {
	dir := newTree(t, map[string]file{"project/go.mod": {data: "module example.com/app"}, "go.mod": {data: "foreign"}})
	before := tree(t, dir)
	d := open(t, path.Join(dir, "project"))
	for _, name := range []string{"../go.mod", "/etc/fngen", "api/../../go.mod", "../new/new.go"} {
		err := changeset.Apply(t.Context(), d, functions, []changeset.Change{write(name, "package out")})
		require.Error(t, err, name)
		require.Equal(t, before, tree(t, dir), name)
	}
}
