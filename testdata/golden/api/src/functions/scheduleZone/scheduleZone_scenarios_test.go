package schedulezone

import "example.com/golden/api/src/lib/scenario"

// Scenario has a field for each record that a test starts with. Records need a
// database: run "fngen add db" and replace scenario.None with dbtest.Tests.
type Scenario struct{}

// standard is the scenario that the tests run on.
var standard = scenario.Define(scenario.None, func(c *scenario.Seeder, s *Scenario) {})
