package webhooknetlify

import "example.com/golden/api/src/lib/scenario"

// Scenario holds the records that a test starts with. Records need a database:
// run fngen add db, and define standard on dbtest.Tests instead of scenario.None.
type Scenario struct{}

// standard is the scenario that the tests run on.
var standard = scenario.Define(scenario.None, func(c *scenario.Seeder, s *Scenario) {})
