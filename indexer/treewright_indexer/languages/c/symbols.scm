; C has nothing beyond what it shares with C++.
