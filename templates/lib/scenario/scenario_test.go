package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/scenario"
)

type (
	Order struct {
		ID     int
		Status string
	}
	Line struct {
		ID, OrderID int
		Product     string
	}
	// A Draft cannot be inserted into the store of these tests.
	Draft struct{ Title string }
)

type Scenario struct {
	Order struct{ Placed, Shipped Order }
	Line  Line
}

// memory is a store with a table for each test.
type memory struct {
	mu     sync.Mutex
	lastID int
	opened int
	closed int
	fails  error // of Open
	print  bool  // report the cleanup to the parent process
}

// A table holds the records of one test.
type table struct {
	mu      sync.Mutex
	records []any
}

type tableKey struct{}

func (m *memory) Open(ctx context.Context, tb scenario.TB) (context.Context, func(context.Context, any) error, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.opened++
	ctx = context.WithValue(ctx, tableKey{}, &table{})
	tb.Cleanup(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.closed++
		if err := ctx.Err(); err != nil {
			tb.Fatalf("records cannot be removed: %v", err)
		}
		if m.print {
			fmt.Println("\nthe records are gone")
		}
	})
	return ctx, m.insert, m.fails
}

func (m *memory) insert(ctx context.Context, record any) error {
	m.mu.Lock()
	m.lastID++
	id := m.lastID
	m.mu.Unlock()

	var kept any
	switch record := record.(type) {
	case *Order:
		record.ID = id
		kept = *record
	case *Line:
		record.ID = id
		kept = *record
	default:
		return errors.New("no such table")
	}
	p := ctx.Value(tableKey{}).(*table)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records = append(p.records, kept)
	return ctx.Err()
}

// records returns the records that the code under test finds.
func records(ctx context.Context) []any {
	p := ctx.Value(tableKey{}).(*table)
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]any(nil), p.records...)
}

func orders(c *scenario.Seeder, s *Scenario) {
	s.Order.Placed = scenario.Create(c, Order{Status: "PLACED"})
	s.Order.Shipped = scenario.Create(c, Order{Status: "SHIPPED"})
	s.Line = scenario.Create(c, Line{OrderID: s.Order.Placed.ID, Product: "tea"})
}

func TestRunSeeds(t *testing.T) {
	store := &memory{}
	passed := scenario.Define(store, orders).Run(t, "test", func(t *scenario.T, s *Scenario) {
		assert.Equal(t, Order{ID: 1, Status: "PLACED"}, s.Order.Placed)
		assert.Equal(t, Order{ID: 2, Status: "SHIPPED"}, s.Order.Shipped)
		assert.Equal(t, Line{ID: 3, OrderID: 1, Product: "tea"}, s.Line)
		assert.Equal(t, []any{s.Order.Placed, s.Order.Shipped, s.Line}, records(t.Context()))
		assert.Equal(t, "TestRunSeeds/test", t.Name())
		assert.Zero(t, store.closed, "records are gone before the test has ended")
	})
	assert.True(t, passed)
	assert.Equal(t, 1, store.opened)
	assert.Equal(t, 1, store.closed)
}

// A test does not see the changes of others to records, scenario or store.
func TestRunIsolates(t *testing.T) {
	store := &memory{}
	standard := scenario.Define(store, orders)
	var ids []int
	for _, name := range []string{"first", "second"} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			assert.Equal(t, "PLACED", s.Order.Placed.Status)
			assert.Len(t, records(t.Context()), 3)
			ids = append(ids, s.Order.Placed.ID)

			s.Order.Placed.Status = "CANCELLED"
			require.NoError(t, store.insert(t.Context(), &Order{}))
		})
	}
	assert.Equal(t, []int{1, 5}, ids)
	assert.Equal(t, 2, store.closed)
}

func TestWith(t *testing.T) {
	standard := scenario.Define(&memory{}, func(c *scenario.Seeder, s *Scenario) {
		s.Order.Placed = scenario.Create(c, Order{Status: "PLACED"})
	})
	// Appended to in place, a list of three has room for a fourth: the variations of
	// base would share it.
	nothing := func(*scenario.Seeder, *Scenario) {}
	base := standard.With(nothing).With(nothing)
	shipped := base.With(func(c *scenario.Seeder, s *Scenario) {
		s.Order.Shipped = scenario.Create(c, Order{Status: "SHIPPED"})
	})
	lined := base.With(func(c *scenario.Seeder, s *Scenario) {
		s.Line = scenario.Create(c, Line{OrderID: s.Order.Placed.ID})
	})

	tests := map[string]struct {
		definition    scenario.Definition[Scenario]
		shipped, line bool
	}{
		"standard":     {standard, false, false},
		"base":         {base, false, false},
		"shipped":      {shipped, true, false},
		"lined":        {lined, false, true},
		"of variation": {shipped.With(func(c *scenario.Seeder, s *Scenario) { s.Line = scenario.Create(c, Line{}) }), true, true},
	}
	for name, tt := range tests {
		tt.definition.Run(t, name, func(t *scenario.T, s *Scenario) {
			assert.NotZero(t, s.Order.Placed.ID)
			assert.Equal(t, tt.shipped, s.Order.Shipped.ID != 0)
			assert.Equal(t, tt.line, s.Line.ID != 0)
			if name == "lined" {
				assert.Equal(t, s.Order.Placed.ID, s.Line.OrderID, "the base is seeded first")
			}
		})
	}
}

func TestDescribeShares(t *testing.T) {
	store := &memory{}
	scenario.Define(store, orders).Describe(t, "orders", func(t *scenario.T, s *Scenario) {
		t.Run("one test inserts", func(t *scenario.T) {
			require.NoError(t, store.insert(t.Context(), &Order{Status: "NEW"}))
			s.Order.Placed.Status = "CANCELLED"
		})
		t.Run("the next one finds", func(t *scenario.T) {
			assert.Len(t, records(t.Context()), 4)
			assert.Equal(t, "CANCELLED", s.Order.Placed.Status)
		})
		assert.Zero(t, store.closed)
	})
	assert.Equal(t, 1, store.opened, "seeded once for the group")
	assert.Equal(t, 1, store.closed)
}

func TestContexts(t *testing.T) {
	var outer, inner, deepest, seeding context.Context
	definition := scenario.Define(&memory{}, func(c *scenario.Seeder, _ *Scenario) { seeding = c.Context() })
	definition.Run(t, "test", func(t *scenario.T, _ *Scenario) {
		outer = t.Context()
		assert.Equal(t, outer, seeding)
		t.Run("subtest", func(t *scenario.T) {
			inner = t.Context()
			t.Run("of its own", func(t *scenario.T) { deepest = t.Context() })
			assert.ErrorIs(t, deepest.Err(), context.Canceled)
			assert.NoError(t, inner.Err())
		})
		assert.ErrorIs(t, inner.Err(), context.Canceled)
		assert.NoError(t, outer.Err())
		for _, ctx := range []context.Context{inner, deepest} {
			assert.Same(t, outer.Value(tableKey{}), ctx.Value(tableKey{}), "a subtest lost its store")
		}
	})
	assert.ErrorIs(t, outer.Err(), context.Canceled)
}

func TestParallel(t *testing.T) {
	const tests = 20
	store := &memory{}
	standard := scenario.Define(store, orders)
	var mu sync.Mutex
	ids := map[int]bool{}

	t.Run("group", func(t *testing.T) {
		for i := range tests {
			standard.Run(t, strconv.Itoa(i), func(t *scenario.T, s *Scenario) {
				t.Parallel()
				line := Line{OrderID: s.Order.Shipped.ID, Product: t.Name()}
				require.NoError(t, store.insert(t.Context(), &line))
				assert.Equal(t, []any{s.Order.Placed, s.Order.Shipped, s.Line, line}, records(t.Context()))

				mu.Lock()
				defer mu.Unlock()
				ids[s.Order.Placed.ID] = true
			})
		}
	})
	assert.Len(t, ids, tests, "two tests had one order")
	assert.Equal(t, tests, store.closed)
}

// Parallel creates the records of a test when the test starts, not all at once.
func TestParallelSeedsInTurn(t *testing.T) {
	store := &memory{}
	standard := scenario.Define(store, orders)
	most := 0
	t.Run("group", func(t *testing.T) {
		for i := range 50 {
			standard.Parallel(t, strconv.Itoa(i), func(t *scenario.T, s *Scenario) {
				store.mu.Lock()
				most = max(most, store.opened-store.closed)
				store.mu.Unlock()
				assert.NotZero(t, s.Order.Placed.ID)
			})
		}
		assert.Zero(t, store.opened, "nothing is seeded before the group's own part has ended")
	})
	assert.Equal(t, 50, store.closed)
	assert.LessOrEqual(t, most, runtime.GOMAXPROCS(0))
}

func TestNone(t *testing.T) {
	passed := scenario.Define(scenario.None, func(*scenario.Seeder, *struct{}) {}).
		Run(t, "test", func(t *scenario.T, s *struct{}) {
			assert.NotNil(t, s)
			assert.NoError(t, t.Context().Err())
		})
	assert.True(t, passed)
}

// childEnv names the test that fails when TestFailures runs this binary.
const childEnv = "SCENARIO_TEST_FAILS"

// failures are failing tests, with the output that is expected of each.
var failures = map[string]struct {
	run    func(t *testing.T, store *memory)
	want   []string
	at     string // the call whose file and line should be named
	silent bool   // the test has no table to remove
}{
	"FailNow": {
		run: func(t *testing.T, store *memory) {
			scenario.Define(store, orders).Run(t, "test", func(t *scenario.T, _ *Scenario) {
				t.Fatal("the test gives up")
			})
		},
		want: []string{"the test gives up"},
		at:   `t.Fatal("the test gives up")`,
	},
	"FailNow in a subtest": {
		run: func(t *testing.T, store *memory) {
			scenario.Define(store, orders).Describe(t, "group", func(t *scenario.T, _ *Scenario) {
				t.Run("test", func(t *scenario.T) { t.FailNow() })
			})
		},
	},
	"panic": {
		run: func(t *testing.T, store *memory) {
			scenario.Define(store, orders).Run(t, "test", func(*scenario.T, *Scenario) {
				panic("the test is broken")
			})
		},
		want: []string{"panic: the test is broken"},
	},
	"panic in a seed": {
		run: func(t *testing.T, store *memory) {
			scenario.Define(store, func(*scenario.Seeder, *Scenario) { panic("the seed is broken") }).
				Run(t, "test", func(*scenario.T, *Scenario) { fmt.Println("the test ran") })
		},
		want: []string{"panic: the seed is broken"},
	},
	"seed": {
		run: func(t *testing.T, store *memory) {
			scenario.Define(store, func(c *scenario.Seeder, _ *Scenario) {
				scenario.Create(c, Order{})
				scenario.Create(c, Draft{Title: "fails"})
				fmt.Println("the seed went on")
			}).Run(t, "test", func(*scenario.T, *Scenario) { fmt.Println("the test ran") })
		},
		want: []string{"scenario: creating scenario_test.Draft: no such table"},
		at:   `scenario.Create(c, Draft{Title: "fails"})`,
	},
	"seed of a variation": {
		run: func(t *testing.T, store *memory) {
			scenario.Define(store, orders).With(func(c *scenario.Seeder, _ *Scenario) {
				scenario.Create(c, &Draft{Title: "fails too"})
			}).Describe(t, "group", func(*scenario.T, *Scenario) { fmt.Println("the test ran") })
		},
		want: []string{"scenario: creating *scenario_test.Draft: no such table"},
		at:   `scenario.Create(c, &Draft{Title: "fails too"})`,
	},
	"Open": {
		run: func(t *testing.T, store *memory) {
			store.fails = errors.New("no connection")
			scenario.Define(store, orders).Run(t, "test", func(*scenario.T, *Scenario) { fmt.Println("the test ran") })
		},
		want: []string{"scenario: opening the store: no connection"},
		at:   `scenario.Define(store, orders).Run(t, "test", func(*scenario.T, *Scenario) { fmt.Println("the test ran") })`,
	},
	"None": {
		run: func(t *testing.T, _ *memory) {
			scenario.Define(scenario.None, func(c *scenario.Seeder, _ *Scenario) {
				scenario.Create(c, Order{Status: "nowhere"})
			}).Run(t, "test", func(*scenario.T, *Scenario) { fmt.Println("the test ran") })
		},
		want: []string{
			"scenario: creating scenario_test.Order: scenario.None holds no records: define the scenario on another store",
		},
		at:     `scenario.Create(c, Order{Status: "nowhere"})`,
		silent: true,
	},
}

// TestChild runs one of the failures in a process of its own, because a failing
// test fails its parents too.
func TestChild(t *testing.T) {
	name := os.Getenv(childEnv)
	if name == "" {
		t.Skip("TestFailures runs it")
	}
	failures[name].run(t, &memory{print: true})
}

func TestFailures(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		t.Skip("a child has no children")
	}
	executable, err := os.Executable()
	require.NoError(t, err)
	source, err := os.ReadFile("scenario_test.go")
	require.NoError(t, err)
	lines := strings.Split(string(source), "\n")
	position := regexp.MustCompile(`scenario_test\.go:(\d+): `)

	for name, tt := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child := exec.CommandContext(t.Context(), executable, "-test.run=^TestChild$")
			child.Env = append(os.Environ(), childEnv+"="+name)
			combined, err := child.CombinedOutput()
			output := string(combined)

			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, "it should fail: %s", output)
			for _, want := range tt.want {
				assert.Contains(t, output, want)
			}
			if tt.at != "" {
				match := position.FindStringSubmatch(output)
				require.NotNil(t, match, "no line is named: %s", output)
				line, err := strconv.Atoi(match[1])
				require.NoError(t, err)
				assert.Equal(t, tt.at, strings.TrimSpace(lines[line-1]), "the line that is named")
			}
			if !tt.silent {
				assert.Equal(t, 1, strings.Count(output, "the records are gone"), output)
			}
			assert.NotContains(t, output, "the test ran")
			assert.NotContains(t, output, "the seed went on")
			assert.NotContains(t, output, "cannot be removed")
		})
	}
}
