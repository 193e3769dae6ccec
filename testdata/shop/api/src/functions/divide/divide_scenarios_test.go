package divide

import (
	"example.com/shop/api/src/lib/dbtest"
	"example.com/shop/api/src/lib/scenario"
)

// Scenario holds the records that a test starts with, in a field for each.
type Scenario struct{}

// standard creates the records of a Scenario in a database of the test's own.
// For example, with a field Order in Scenario:
//
//	s.Order = scenario.Create(c, Order{Status: "PLACED"})
var standard = scenario.Define(dbtest.Tests, func(c *scenario.Seeder, s *Scenario) {})
