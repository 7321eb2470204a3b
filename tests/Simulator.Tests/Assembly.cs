// Nearly all of the time is spent listening to calls in real time, so many classes can do so side by side.
[assembly: CollectionBehavior(MaxParallelThreads = 6)]
