package generator

import "strings"

// Nearest returns the candidate that is most similar to word, ignoring letter
// case. It returns "" if more than a third of the letters differ from each.
func Nearest(word string, candidates []string) string {
	nearest, least := "", len(word)/3+1
	for _, candidate := range candidates {
		a, b := strings.ToLower(word), strings.ToLower(candidate)
		d := distance(a, b)
		if a != "" && strings.HasPrefix(b, a) {
			d = 1 // sha256 is short for sha256Verifier
		}
		if d <= least && (nearest == "" || d < least) {
			nearest, least = candidate, d
		}
	}
	return nearest
}

// distance returns the Levenshtein distance of two strings.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
