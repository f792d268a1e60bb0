// Package house holds tests of the plan of the house: who may import and who may call whom. It has no code of its own.
package house
