package infrastructure

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Prices is the reviewed list of unit prices. A type of resource that is in neither part of it is refused: whoever adds one says
// what it costs.
type Prices struct {
	Basis string  `json:"basis"`
	Units []Price `json:"units"`
	// Usage holds lines that depend on traffic and not on the plan, in USD a month.
	Usage map[string]float64 `json:"usage"`
	// Free are types that cost nothing by themselves.
	Free []string `json:"free"`
}

// Price is what one unit of something costs a month.
type Price struct {
	Line  string         `json:"line"` // what it is called in the table
	Type  string         `json:"type"`
	Where map[string]any `json:"where"` // attributes that select it, by equality
	// Times multiplies by an attribute: by its value when it is a number, by its length when it is a list.
	Times string  `json:"times"`
	USD   float64 `json:"usd"`
	// Required says that of all prices of the type that say so one must fit, as one for each class of instance.
	Required bool `json:"required"`
	// Allowance is how many units an account gets for nothing.
	Allowance float64 `json:"allowance"`
}

// Line is one of the bill.
type Line struct {
	Name  string
	Units float64
	USD   float64
}

// ReadPrices reads the list.
func ReadPrices(text io.Reader) (Prices, error) {
	var prices Prices
	decoder := json.NewDecoder(text)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&prices); err != nil {
		return Prices{}, fmt.Errorf("read the prices: %w", err)
	}
	return prices, nil
}

// Bill returns the lines of a month and their sum in USD. A planned resource that no price and no free type fits is an error.
func (p Prices) Bill(changes []Change) ([]Line, float64, error) {
	units := make([]float64, len(p.Units))
	for _, change := range changes {
		if change.Mode == "data" || !slices.Contains(change.Change.Actions, "create") {
			continue
		}
		if err := p.count(change, units); err != nil {
			return nil, 0, err
		}
	}
	lines, sum := p.lines(units)
	return lines, sum, nil
}

func (p Prices) count(change Change, units []float64) error {
	priced := slices.Contains(p.Free, change.Type)
	required := slices.ContainsFunc(p.Units, func(price Price) bool { return price.Type == change.Type && price.Required })
	for place, price := range p.Units {
		if price.Type != change.Type || !fits(change.Change.After, price.Where) {
			continue
		}
		many, err := times(change, price.Times)
		if err != nil {
			return err
		}
		priced = priced || price.Required || !required
		units[place] += many
	}
	if !priced {
		return fmt.Errorf("%s: no price fits it; say in the prices what it costs", change.Address)
	}
	return nil
}

func (p Prices) lines(units []float64) ([]Line, float64) {
	var lines []Line
	sum := 0.0
	for place, price := range p.Units {
		paid := max(0, units[place]-price.Allowance)
		if units[place] == 0 || price.USD == 0 {
			continue
		}
		lines = append(lines, Line{Name: price.Line, Units: units[place], USD: paid * price.USD})
		sum += paid * price.USD
	}
	names := make([]string, 0, len(p.Usage))
	for name := range p.Usage {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		lines = append(lines, Line{Name: name, Units: 1, USD: p.Usage[name]})
		sum += p.Usage[name]
	}
	return lines, math.Round(sum*100) / 100
}

func fits(attributes, where map[string]any) bool {
	for name, wanted := range where {
		if fmt.Sprint(attributes[name]) != fmt.Sprint(wanted) {
			return false
		}
	}
	return true
}

func times(change Change, attribute string) (float64, error) {
	if attribute == "" {
		return 1, nil
	}
	switch value := change.Change.After[attribute].(type) {
	case float64:
		return value, nil
	case []any:
		return float64(len(value)), nil
	default:
		return 0, fmt.Errorf("%s: %s is neither a number nor a list, so its price cannot be told", change.Address, attribute)
	}
}

// Table writes the lines as a Markdown table.
func Table(lines []Line, sum float64) string {
	var table strings.Builder
	table.WriteString("| line | units | USD a month |\n|---|---|---|\n")
	for _, line := range lines {
		fmt.Fprintf(&table, "| %s | %g | %.2f |\n", line.Name, line.Units, line.USD)
	}
	fmt.Fprintf(&table, "| **sum** | | **%.2f** |\n", sum)
	return table.String()
}
