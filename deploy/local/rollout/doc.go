// Package rollout proves that the shop can be replaced while people buy: instances come and go as on ECS, behind names that change
// and a load balancer that checks health, and no request fails. It has tests alone; they take the many loopback addresses that
// Linux has, so that all instances of a service have the same port, as in production.
package rollout
