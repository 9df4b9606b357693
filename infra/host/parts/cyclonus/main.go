// Asks cyclonus which traffic a set of network policies lets through: {"policies": […], "traffic": […]} in, one line of JSON a
// question out. Its own command prints tables for people.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	networkingv1 "k8s.io/api/networking/v1"
)

type questions struct {
	Policies []*networkingv1.NetworkPolicy
	Traffic  []*matcher.Traffic
}

func main() {
	var asked questions
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	policies := matcher.BuildNetworkPolicies(true, asked.Policies)
	answers := json.NewEncoder(os.Stdout)
	for _, traffic := range asked.Traffic {
		result := policies.IsTrafficAllowed(traffic)
		_ = answers.Encode(result.IsAllowed())
	}
}
