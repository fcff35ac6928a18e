"""The local page of `sidewise serve`: who may see it, what it shows, and the recording that it steers."""
