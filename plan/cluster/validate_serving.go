package cluster
import ("slices";"maps")
func validateServing(*Constants) ([]Verdict, error) { return nil, nil }
func servingLoss(k *Constants) (float64, error) { return 0,nil }
func sortedKeys(m map[string]float64) []string { return slices.Sorted(maps.Keys(m)) }
