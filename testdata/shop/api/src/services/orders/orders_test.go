package orders_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"example.com/shop/api/src/lib/db"
	"example.com/shop/api/src/lib/dbtest"
	"example.com/shop/api/src/lib/scenario"
	"example.com/shop/api/src/services/orders"
)

// Scenario is an order that was placed.
type Scenario struct{ Order orders.Order }

var placed = scenario.Define(dbtest.Tests, func(c *scenario.Seeder, s *Scenario) {
	s.Order = scenario.Create(c, orders.Order{TrackingNumber: "1Z", Status: orders.Placed})
})

// delivered is the same order, further on its way.
var delivered = placed.With(func(c *scenario.Seeder, s *Scenario) {
	for _, status := range []orders.Status{orders.Shipped, orders.Delivered} {
		order, err := orders.Advance(c.Context(), s.Order.TrackingNumber, status)
		if err != nil {
			panic(err)
		}
		s.Order = *order
	}
})

func TestAdvance(t *testing.T) {
	for _, to := range []orders.Status{orders.Unknown, orders.Placed, orders.Shipped, orders.Delivered, "LOST"} {
		placed.Run(t, fmt.Sprint("from PLACED to ", to), func(t *scenario.T, s *Scenario) {
			order, err := orders.Advance(t.Context(), s.Order.TrackingNumber, to)
			if ok := to == orders.Shipped; ok != (err == nil) {
				t.Fatalf("error = %v", err)
			}
			if err == nil && (order.Status != to || order.ID != s.Order.ID || !order.UpdatedAt.After(order.CreatedAt)) {
				t.Errorf("order = %+v", order)
			}
		})
	}

	delivered.Run(t, "from DELIVERED to DELIVERED", func(t *scenario.T, s *Scenario) {
		if s.Order.Status != orders.Delivered {
			t.Fatalf("the scenario has %+v", s.Order)
		}
		if _, err := orders.Advance(t.Context(), s.Order.TrackingNumber, orders.Delivered); err == nil {
			t.Error("a delivered order was delivered")
		}
	})
}

// Of several who advance an order at once, one does.
func TestAdvanceAtOnce(t *testing.T) {
	placed.Run(t, "ship", func(t *scenario.T, s *Scenario) {
		var wg sync.WaitGroup
		shipped := make(chan *orders.Order, 8)
		for range cap(shipped) {
			wg.Go(func() {
				if order, err := orders.Advance(t.Context(), s.Order.TrackingNumber, orders.Shipped); err == nil {
					shipped <- order
				}
			})
		}
		wg.Wait()
		if len(shipped) != 1 {
			t.Errorf("%d shipped the order, want 1", len(shipped))
		}
	})
}

// Every test has a database of its own, so that they may run at once.
func TestParallel(t *testing.T) {
	n := 200
	if os.Getenv("TEST_DATABASE_URL") != "" {
		n = 50 // a server takes longer to make one
	}
	for i := range n {
		placed.Parallel(t, fmt.Sprint(i), func(t *scenario.T, s *Scenario) {
			if s.Order.ID != 1 {
				t.Errorf("order = %+v, want the first of a database", s.Order)
			}
			if _, err := orders.Advance(t.Context(), s.Order.TrackingNumber, orders.Shipped); err != nil {
				t.Error(err)
			}
		})
	}
}

// Where a transaction will do, a test's records cost little on PostgreSQL too.
func TestInTransaction(t *testing.T) {
	type orderless struct{}
	none := scenario.Define(dbtest.TestsTx, func(*scenario.Seeder, *orderless) {})
	for range 3 {
		none.Run(t, "rolled back", func(t *scenario.T, _ *orderless) {
			insert := func(ctx context.Context) error {
				_, err := db.From(ctx).NewInsert().Model(&orders.Order{TrackingNumber: "1Z", Status: orders.Placed}).Exec(ctx)
				return err
			}
			if err := insert(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := db.InTx(t.Context(), insert); err == nil {
				t.Error("two orders have one tracking number")
			}
			if _, err := orders.Advance(t.Context(), "1Z", orders.Shipped); err != nil {
				t.Error(err)
			}
		})
	}
}
