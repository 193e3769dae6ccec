package updateorderstatus

import (
	"example.com/shop/api/src/lib/dbtest"
	"example.com/shop/api/src/lib/scenario"
	"example.com/shop/api/src/services/orders"
)

// Scenario holds the records that a test starts with, in a field for each.
type Scenario struct {
	Order struct{ Placed, Shipped, Delivered orders.Order }
}

// standard creates an order with each status.
var standard = scenario.Define(dbtest.Tests, func(c *scenario.Seeder, s *Scenario) {
	s.Order.Placed = scenario.Create(c, orders.Order{TrackingNumber: "1ZP1LC3D0Rd3R000001", Status: orders.Placed})
	s.Order.Shipped = scenario.Create(c, orders.Order{TrackingNumber: "1ZSH1PP3D000002", Status: orders.Shipped})
	s.Order.Delivered = scenario.Create(c, orders.Order{TrackingNumber: "1ZD31IV3R3D000003", Status: orders.Delivered})
})
