package scenario_test

import (
	"testing"

	"github.com/fngen/fngen/templates/lib/scenario"
)

// The examples compile but do not run, because they need the T of a test.

func ExampleDefine() {
	var t *testing.T // of the test function

	standard := scenario.Define(&memory{}, func(c *scenario.Seeder, s *Scenario) {
		s.Order.Placed = scenario.Create(c, Order{Status: "PLACED"})
		s.Line = scenario.Create(c, Line{OrderID: s.Order.Placed.ID, Product: "tea"})
	})
	standard.Run(t, "finds the line's order", func(t *scenario.T, s *Scenario) {
		if got := records(t.Context()); got[0] != s.Order.Placed {
			t.Errorf("got %v, want %v", got[0], s.Order.Placed)
		}
	})
}

func ExampleDefinition_With() {
	var t *testing.T // of the test function

	standard := scenario.Define(&memory{}, func(c *scenario.Seeder, s *Scenario) {
		s.Order.Placed = scenario.Create(c, Order{Status: "PLACED"})
	})
	shipped := standard.With(func(c *scenario.Seeder, s *Scenario) {
		s.Order.Shipped = scenario.Create(c, Order{Status: "SHIPPED"})
	})
	shipped.Run(t, "has both", func(t *scenario.T, _ *Scenario) {
		if got := records(t.Context()); len(got) != 2 {
			t.Errorf("got %d orders, want 2", len(got))
		}
	})
}

func ExampleDefinition_Describe() {
	var t *testing.T // of the test function

	standard := scenario.Define(&memory{}, orders)
	standard.Describe(t, "an order", func(t *scenario.T, s *Scenario) {
		t.Run("is placed", func(t *scenario.T) {
			if s.Order.Placed.Status != "PLACED" {
				t.Errorf("status = %s, want PLACED", s.Order.Placed.Status)
			}
		})
		t.Run("has a line", func(t *scenario.T) {
			if s.Line.OrderID != s.Order.Placed.ID {
				t.Errorf("order ID = %d, want %d", s.Line.OrderID, s.Order.Placed.ID)
			}
		})
	})
}
