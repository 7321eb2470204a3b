// These tests wait for real servers most of their time, so more of them run at once than there are cores.
[assembly: CollectionBehavior(MaxParallelThreads = 6)]
