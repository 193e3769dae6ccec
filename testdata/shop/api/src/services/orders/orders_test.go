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

// Scenario has one order.
type Scenario struct{ Order orders.Order }

var placed = scenario.Define(dbtest.Tests, func(c *scenario.Seeder, s *Scenario) {
	s.Order = scenario.Create(c, orders.Order{TrackingNumber: "1Z", Status: orders.Placed})
})

// delivered is the scenario after the order was delivered.
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
			t.Fatalf("order = %+v", s.Order)
		}
		if _, err := orders.Advance(t.Context(), s.Order.TrackingNumber, orders.Delivered); err == nil {
			t.Error("a delivered order was delivered again")
		}
	})
}

// If several requests ship an order at the same time, one succeeds.
func TestAdvanceConcurrently(t *testing.T) {
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
			t.Errorf("%d requests shipped the order, want 1", len(shipped))
		}
	})
}

// Every test has a database of its own, so tests can run in parallel.
func TestParallel(t *testing.T) {
	n := 200
	if os.Getenv("TEST_DATABASE_URL") != "" {
		n = 50 // creating databases takes longer on a server
	}
	for i := range n {
		placed.Parallel(t, fmt.Sprint(i), func(t *scenario.T, s *Scenario) {
			if s.Order.ID != 1 {
				t.Errorf("order = %+v, want the first one in the database", s.Order)
			}
			if _, err := orders.Advance(t.Context(), s.Order.TrackingNumber, orders.Shipped); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestInTransaction(t *testing.T) {
	type empty struct{}
	none := scenario.Define(dbtest.TestsTx, func(*scenario.Seeder, *empty) {})
	for range 3 {
		none.Run(t, "rolled back", func(t *scenario.T, _ *empty) {
			insert := func(ctx context.Context) error {
				_, err := db.From(ctx).NewInsert().Model(&orders.Order{TrackingNumber: "1Z", Status: orders.Placed}).Exec(ctx)
				return err
			}
			if err := insert(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := db.InTx(t.Context(), insert); err == nil {
				t.Error("two orders have the same tracking number")
			}
			if _, err := orders.Advance(t.Context(), "1Z", orders.Shipped); err != nil {
				t.Error(err)
			}
		})
	}
}
