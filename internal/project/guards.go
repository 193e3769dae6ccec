package project

import (
	"path"
	"slices"
)

// Guards returns what checks the requests of a function, judging by the support
// packages that it imports: webhook, auth, cors, rate limit, allowed addresses.
func (p *Project) Guards(f Function) []string {
	module, err := p.Module()
	if err != nil {
		return nil
	}
	guards := []string{}
	for _, guard := range []struct{ pkg, name string }{
		{"webhooks", "webhook"}, {"auth", "auth"}, {"cors", "cors"}, {"ratelimit", "rate limit"},
		{"ipallow", "allowed addresses"},
	} {
		if slices.Contains(f.Imports, path.Join(module, p.Lib, guard.pkg)) {
			guards = append(guards, guard.name)
		}
	}
	return guards
}
