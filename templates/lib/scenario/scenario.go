// Package scenario gives tests data to start from: named records that are
// created before a test, typed, and gone after it.
//
// A scenario is a struct of the test's own, and a function that fills it:
//
//	type Scenario struct {
//		Order struct{ Placed, Shipped Order }
//	}
//
//	var standard = scenario.Define(store, func(c *scenario.Seeder, s *Scenario) {
//		s.Order.Placed = scenario.Create(c, Order{Status: "PLACED"})
//		s.Order.Shipped = scenario.Create(c, Order{Status: "SHIPPED"})
//	})
//
//	func TestOrders(t *testing.T) {
//		standard.Run(t, "finds an order", func(t *scenario.T, s *Scenario) {
//			order, err := find(t.Context(), s.Order.Shipped.ID)
//			...
//		})
//	}
//
// Later records use earlier ones: they are fields that are filled already. Where
// records are kept is the [Store]'s affair; [None] is the store of tests that need none.
package scenario

import (
	"context"
	"errors"
	"testing"
)

// A Store is where records are kept. It knows how to give each test a place of
// its own, and this package knows no more of it.
type Store interface {
	// Open makes a place for one test's records that no other test sees, and has
	// tb.Cleanup remove it. The context that it returns is ctx with that place
	// in it, for the code under test; insert writes the record that it is given
	// a pointer to, and fills in what the store decides, such as its id.
	Open(ctx context.Context, tb TB) (_ context.Context, insert func(ctx context.Context, record any) error, err error)
}

// TB is what a store needs of a test; a testing.TB is one. It has no name of its own, so that a
// store can ask for the same without importing this package or package testing.
type TB = interface {
	Helper()
	Name() string
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// None is the store of tests without records. [Create] fails on it.
const None none = 0

type none int

func (none) Open(ctx context.Context, _ TB) (context.Context, func(context.Context, any) error, error) {
	return ctx, func(context.Context, any) error { return errNone }, nil
}

var errNone = errors.New("scenario.None keeps no records: define the scenario on a store")

// A Definition of a scenario, whose data is an S.
type Definition[S any] struct {
	store Store
	seeds []func(*Seeder, *S)
}

// Define is the scenario that seed fills, on a store.
func Define[S any](store Store, seed func(c *Seeder, s *S)) Definition[S] {
	return Definition[S]{store: store, seeds: []func(*Seeder, *S){seed}}
}

// With is a variation: the scenario that seed completes after d.
func (d Definition[S]) With(seed func(c *Seeder, s *S)) Definition[S] {
	seeds := append([]func(*Seeder, *S){}, d.seeds...)
	return Definition[S]{store: d.store, seeds: append(seeds, seed)}
}

// Run runs test as a subtest of t, on a scenario seeded for it alone, and
// reports whether it passed.
func (d Definition[S]) Run(t *testing.T, name string, test func(t *T, s *S)) bool {
	t.Helper()
	return t.Run(name, func(t *testing.T) {
		t.Helper()
		seeded, s := d.seed(t)
		test(seeded, s)
	})
}

// Parallel is Run of a test that runs in parallel with others that do, as after t.Parallel. The scenario
// is seeded when its turn comes, where a call of t.Parallel within Run would have all of them seeded first.
func (d Definition[S]) Parallel(t *testing.T, name string, test func(t *T, s *S)) bool {
	t.Helper()
	return t.Run(name, func(t *testing.T) {
		t.Helper()
		t.Parallel()
		seeded, s := d.seed(t)
		test(seeded, s)
	})
}

// Describe runs a group of tests, each started by t.Run within group, on one
// scenario that is seeded once and that they share, and reports whether all passed.
func (d Definition[S]) Describe(t *testing.T, name string, group func(t *T, s *S)) bool {
	t.Helper()
	return d.Run(t, name, group)
}

// seed opens a place in the store for one test and fills its scenario there.
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

// T is a test whose context has the scenario's store in it.
type T struct {
	*testing.T
	ctx context.Context
}

func withContext(t *testing.T, parent context.Context) *T {
	ctx, cancel := context.WithCancel(parent)
	t.Cleanup(cancel)
	return &T{T: t, ctx: ctx}
}

// Context carries the test's store to the code under test. It is cancelled
// when the test has ended and its records are gone.
func (t *T) Context() context.Context { return t.ctx }

// Run runs test as a subtest, on the records of t.
func (t *T) Run(name string, test func(t *T)) bool {
	t.Helper()
	return t.T.Run(name, func(inner *testing.T) {
		inner.Helper()
		test(withContext(inner, t.ctx))
	})
}

// A Seeder creates a scenario's records. See [Create].
type Seeder struct {
	t      *T
	insert func(ctx context.Context, record any) error
}

// Context is the context of the test that is seeded.
func (c *Seeder) Context() context.Context { return c.t.ctx }

// Create writes a record, a struct, to the test's store and returns it with what the
// store filled in. Where that fails the test fails at the line that called
// Create, with the record's type.
func Create[T any](c *Seeder, record T) T {
	c.t.Helper()
	if err := c.insert(c.t.ctx, &record); err != nil {
		c.t.Fatalf("scenario: creating %T: %v", record, err)
	}
	return record
}
