package divide

import (
	"example.com/shop/api/src/lib/dbtest"
	"example.com/shop/api/src/lib/scenario"
)

// Scenario is the data that a test of /divide starts from, with a field for
// each record.
type Scenario struct{}

// standard fills the Scenario before each test. To create a record:
//
//	s.Order.Placed = scenario.Create(c, Order{Status: "PLACED"})
var standard = scenario.Define(dbtest.Tests, func(c *scenario.Seeder, s *Scenario) {})
