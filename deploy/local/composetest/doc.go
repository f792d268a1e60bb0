// Package composetest proves docker-compose.yml as far as it can be without an engine: that it loads, that it keeps the rules
// which containers of ours follow, that every program accepts the settings that it is given, and that a customer can buy
// in a shop of the real programs with exactly these settings. What an engine does itself is not tried.
package composetest
