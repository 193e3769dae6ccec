package divide

import (
	"example.com/shop/api/src/lib/dbtest"
	"example.com/shop/api/src/lib/scenario"
)

// Scenario has a field for each record that a test starts with.
type Scenario struct{}

// standard creates the records of a Scenario in the test's own database.
// For example, with a field Order in Scenario:
//
//	s.Order = scenario.Create(c, Order{Status: "PLACED"})
var standard = scenario.Define(dbtest.Tests, func(c *scenario.Seeder, s *Scenario) {})
