// Package scenario creates the records that a test starts with, and removes
// them after the test.
//
// A scenario is a struct with a field for each record, and a function that
// creates the records with [Create]. A record can refer to records that were
// created before it. The records are in a [Store], such as a test database.
// [None] is a store for tests without records.
package scenario

import (
	"context"
	"errors"
	"testing"
)

// A Store keeps the records of tests. Each test sees only its own records.
type Store interface {
	// Open prepares the store for one test, isolated from other tests, and
	// registers the removal of the test's records with tb.Cleanup. It returns a
	// context derived from ctx, from which the code under test gets the store.
	// The function insert takes a pointer to a record, writes the record, and
	// sets the fields that the store determines, such as the ID.
	Open(ctx context.Context, tb TB) (_ context.Context, insert func(ctx context.Context, record any) error, err error)
}

// TB contains the methods of testing.TB that a store needs. It is an alias of
// an unnamed interface, so that a store need not import this package or package
// testing.
type TB = interface {
	Helper()
	Name() string
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// None is a store for tests without records. With it, [Create] fails the test.
const None none = 0

type none int

func (none) Open(ctx context.Context, _ TB) (context.Context, func(context.Context, any) error, error) {
	return ctx, func(context.Context, any) error { return errNone }, nil
}

var errNone = errors.New("scenario.None cannot store records: define the scenario on another store")

// A Definition describes a scenario whose records are the fields of an S.
type Definition[S any] struct {
	store Store
	seeds []func(*Seeder, *S)
}

// Define returns a scenario. Its records are created in store by seed.
func Define[S any](store Store, seed func(c *Seeder, s *S)) Definition[S] {
	return Definition[S]{store: store, seeds: []func(*Seeder, *S){seed}}
}

// With returns a variation of d in which seed runs after the seed functions of
// d.
func (d Definition[S]) With(seed func(c *Seeder, s *S)) Definition[S] {
	seeds := append([]func(*Seeder, *S){}, d.seeds...)
	return Definition[S]{store: d.store, seeds: append(seeds, seed)}
}

// Run runs test as a subtest of t, with its own records, and reports whether it
// passed.
func (d Definition[S]) Run(t *testing.T, name string, test func(t *T, s *S)) bool {
	t.Helper()
	return t.Run(name, func(t *testing.T) {
		t.Helper()
		seeded, s := d.seed(t)
		test(seeded, s)
	})
}

// Parallel is like [Definition.Run], but the test runs in parallel with other
// parallel tests. Its records are created when the test starts. If test called
// t.Parallel itself, the records of all tests would be created up front.
func (d Definition[S]) Parallel(t *testing.T, name string, test func(t *T, s *S)) bool {
	t.Helper()
	return t.Run(name, func(t *testing.T) {
		t.Helper()
		t.Parallel()
		seeded, s := d.seed(t)
		test(seeded, s)
	})
}

// Describe runs a group of tests that share records, which are created once.
// The group starts each test with t.Run. Describe reports whether all tests
// passed.
func (d Definition[S]) Describe(t *testing.T, name string, group func(t *T, s *S)) bool {
	t.Helper()
	return d.Run(t, name, group)
}

// seed opens the store for a test and creates the records.
func (d Definition[S]) seed(t *testing.T) (*T, *S) {
	t.Helper()
	seeded := withContext(t, context.Background())
	ctx, insert, err := d.store.Open(seeded.ctx, t)
	if err != nil {
		t.Fatalf("scenario: opening the store: %v", err)
	}
	seeded.ctx = ctx

	s := new(S)
	seeder := &Seeder{t: seeded, insert: insert}
	for _, fill := range d.seeds {
		fill(seeder, s)
	}
	return seeded, s
}

// T is a test whose context carries the scenario's store.
type T struct {
	*testing.T
	ctx context.Context
}

// withContext returns t with a context that is derived from parent and canceled
// when the test ends.
func withContext(t *testing.T, parent context.Context) *T {
	ctx, cancel := context.WithCancel(parent)
	t.Cleanup(cancel)
	return &T{T: t, ctx: ctx}
}

// Context returns the context for the code under test, which carries the store.
// It is canceled after the test has ended and its records have been removed.
func (t *T) Context() context.Context { return t.ctx }

// Run runs test as a subtest that shares the records of t.
func (t *T) Run(name string, test func(t *T)) bool {
	t.Helper()
	return t.T.Run(name, func(inner *testing.T) {
		inner.Helper()
		test(withContext(inner, t.ctx))
	})
}

// A Seeder creates the records of a scenario: see [Create].
type Seeder struct {
	t      *T
	insert func(ctx context.Context, record any) error
}

// Context returns the context of the test.
func (c *Seeder) Context() context.Context { return c.t.ctx }

// Create writes a record, which must be a struct, to the test's store. It
// returns the record with the fields that the store has set. If the store
// fails, Create fails the test.
func Create[T any](c *Seeder, record T) T {
	c.t.Helper()
	if err := c.insert(c.t.ctx, &record); err != nil {
		c.t.Fatalf("scenario: creating %T: %v", record, err)
	}
	return record
}
